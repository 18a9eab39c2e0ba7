// Convert a reader's list to names.txt for the library: one clean name on each line, in small letters,
// shuffled, because training reads them in order.

const LONGEST = 64; // characters; a longer line is no name
const SEED = 42;

/** Return {bytes, count, skipped} for a file's bytes. The order of its lines does not matter. */
export function prepare(bytes) {
  const lines = decode(bytes).split(/\r\n|\n|\r/);
  const names = lines
    .map((line) => line.split(/\s+/).filter(Boolean).join(" ").normalize("NFC").toLowerCase())
    .filter(Boolean);
  const usable = names.filter((name) => [...name].length <= LONGEST && !name.includes("\ufffd"));
  usable.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  shuffle(usable);
  return {
    bytes: new TextEncoder().encode(usable.map((name) => `${name}\n`).join("")),
    count: usable.length,
    skipped: names.length - usable.length,
  };
}

function decode(bytes) {
  const utf16 = { "255,254": "utf-16le", "254,255": "utf-16be" }[`${bytes[0]},${bytes[1]}`];
  return new TextDecoder(utf16 ?? "utf-8").decode(bytes);
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
