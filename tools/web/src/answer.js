// Parse the answers of esp32gpt/watch.py, from the interpreter in the tab and from a board.

const LINE = /^watch:(\w+) (\S+) (.*) ([0-9a-f]{8})\r?$/;

const CRC = new Uint32Array(256).map((_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

/** Return the CRC-32 of bytes. */
export function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Return {kind, data (bytes), facts} of a line; null if it is no answer, or damaged. */
export function parse(line) {
  const match = LINE.exec(line);
  if (!match) return null;
  const [, kind, data, json, crc] = match;
  const said = new TextEncoder().encode(`${kind} ${data} ${json}`);
  if (crc32(said) !== Number.parseInt(crc, 16)) return null;
  const bytes = data === "-" ? "" : atob(data);
  return {
    kind,
    data: Uint8Array.from(bytes, (char) => char.charCodeAt(0)),
    facts: JSON.parse(json),
  };
}

/** Return the weights in an answer to `weights`: a Float32Array for each tensor, in `about`'s order. */
export function weightsOf({ data, facts }, parameters) {
  let first = 0;
  return parameters.map(([name, rows, cols], i) => {
    const bytes = data.subarray(first, first + rows * cols);
    first += rows * cols;
    const values = Float32Array.from(bytes, (byte) => ((byte - 128) / 127) * facts.scales[i]);
    return { name, rows, cols, values, scale: facts.scales[i] };
  });
}

/**
 * An answer to `name`: {tokens, losses, next, looks}. next[t] has the probability of each token
 * after row t; looks[layer][head][t][s] says how much row t looks at row s.
 */
export function nameOf({ data, facts }, { n_layer, n_head, vocab }) {
  const { tokens, losses } = facts;
  const rows = Math.max(losses.length, 1);
  const numbers = new DataView(data.buffer, data.byteOffset, data.length);
  let at = 0;
  const take = (n) =>
    Float32Array.from({ length: n }, () => numbers.getUint16(2 * at++, true) / 65535);
  const next = Array.from({ length: rows }, () => take(vocab));
  const looks = Array.from({ length: n_layer }, () =>
    Array.from({ length: n_head }, () => Array.from({ length: rows }, (_, t) => take(t + 1))),
  );
  return { tokens, losses, next, looks };
}
