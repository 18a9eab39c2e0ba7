// Convert a reader's list to names.txt for the library, as tools/lists does on a computer: small
// letters with their accents as one character, in UTF-8, shuffled, because training reads names in
// order. Which lines are names is the library's decision.

const SEED = 42;
const PRESENTATION = /[\ufb00-\ufdff\ufe70-\ufefc]/g; // ligatures, Arabic presentation forms

/** Return {bytes, guessed} for a file's bytes; `guessed` is the encoding if it had to be guessed.
 * The order of the lines does not matter. Throws Error with a sentence if this is no text. */
export function prepare(bytes) {
  const { text, guessed } = decode(bytes);
  if (text.includes("\0"))
    throw new Error("This is no text: save the list as plain text, in UTF-8.");
  const lines = text.split(/\r\n|\n|\r/).map(normalise);
  lines.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  shuffle(lines);
  return { bytes: new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")), guessed };
}

function decode(bytes) {
  const utf16 = { "255,254": "utf-16le", "254,255": "utf-16be" }[`${bytes[0]},${bytes[1]}`];
  const text = new TextDecoder(utf16 ?? "utf-8").decode(bytes);
  const damaged = text.match(/\ufffd/g)?.length ?? 0;
  const foreign = text.match(/[\x80-\ufffc]/g)?.length ?? 0;
  if (damaged <= foreign) return { text };
  const guessed = "windows-1252"; // which Excel writes in the west
  return { text: new TextDecoder(guessed).decode(bytes), guessed };
}

function normalise(line) {
  const plain = line.replace(PRESENTATION, (char) => char.normalize("NFKC")).normalize("NFC");
  // The dotted capital I becomes i, without a second dot.
  const small = plain.replaceAll("\u0130", "i").toLowerCase().replaceAll("i\u0307", "i");
  return small.normalize("NFC");
}

/** Fisher and Yates's shuffle, drawn by xorshift32: the same each time. */
function shuffle(items) {
  let state = SEED;
  for (let i = items.length - 1; i > 0; i--) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const j = (state >>> 0) % (i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
}
