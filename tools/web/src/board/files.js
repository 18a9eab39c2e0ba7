// Files on a board: find those that differ from ours, and copy them.

import { crc32 } from "../answer.js";
import { BoardError } from "./serial.js";

const CHUNK = 768; // bytes a round trip: base64 makes them 1,024
const TRIES = 4; // of what lost bytes on its way

const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
const quoted = (text) => JSON.stringify(text); // as Python reads it too
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
export const unbase64 = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

export const sha256 = async (bytes) =>
  hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));

/** Run code that may be damaged on its way: the board checks it first, and what fails is tried
 * again from the prompt. */
async function surely(repl, code) {
  const bytes = new TextEncoder().encode(code);
  const literal = Array.from(bytes, (byte) => {
    const plain = byte >= 32 && byte < 127 && byte !== 34 && byte !== 92;
    return plain ? String.fromCharCode(byte) : byte === 10 ? "\\n" : `\\x${hex([byte])}`;
  }).join("");
  const checked = `from binascii import crc32
c = b"${literal}"
if crc32(c) != ${crc32(bytes)}:
    raise ValueError("damaged on its way")
exec(c)`;
  for (let tries = 1; ; tries++) {
    try {
      return await repl.exec(checked);
    } catch (error) {
      if (tries === TRIES || /file system|of memory|is gone/.test(error.message)) throw error;
      await repl.enter();
    }
  }
}

/**
 * Make the board's files those of `files` ({path: bytes}), and remove what else lies within the
 * `managed` paths. `onboard` is tools/onboard/files.py, which runs there. onFile(path, i, n).
 */
export async function synchronise(repl, files, { onboard, managed }, onFile) {
  await surely(repl, `${onboard}\nenlarge_cache()`);
  const present = JSON.parse(
    await surely(repl, `import json\nprint(json.dumps(survey('', ${JSON.stringify(managed)})))`),
  );
  const changed = [];
  for (const path of Object.keys(files)) {
    if (present[path] !== (await sha256(files[path]))) changed.push(path);
  }
  const stale = Object.keys(present).filter((path) => !(path in files));
  await surely(repl, `remove('', ${JSON.stringify(stale)})`);
  await surely(repl, `make_directories('', ${JSON.stringify(changed)})`);
  // Last, so that half a copy starts nothing.
  changed.sort((a, b) => (a === "/main.py") - (b === "/main.py"));
  for (const [i, path] of changed.entries()) {
    onFile?.(path, i + 1, changed.length);
    await put(repl, path, files[path]);
  }
  return changed.length;
}

/** On the board: write a piece of a file at its place. */
const PIECE = `from binascii import a2b_base64
def piece(path, at, text):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(a2b_base64(text))
`;

/** Write a file and check that it arrived. This needs `digest` of tools/onboard/files.py there. */
export async function put(repl, path, bytes) {
  const wanted = await sha256(bytes);
  for (let tries = 1; ; tries++) {
    await surely(repl, `${PIECE}open(${quoted(path)}, "wb").close()`);
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const text = base64(bytes.subarray(at, at + CHUNK));
      await surely(repl, `piece(${quoted(path)}, ${at}, "${text}")`);
    }
    const arrived = await surely(repl, `print(digest(${quoted(path)}))`);
    if (arrived.trim() === wanted) return;
    if (tries === TRIES) {
      throw new BoardError(`${path} does not arrive whole: try another cable, and again.`);
    }
  }
}

/** Return the bytes of a file on the board. */
export async function get(repl, path) {
  const code = `from binascii import b2a_base64
print(digest(${quoted(path)}))
with open(${quoted(path)}, "rb") as f:
    while True:
        b = f.read(${CHUNK})
        if not b:
            break
        print(b2a_base64(b).decode(), end="")
`;
  for (let tries = 1; ; tries++) {
    const [digest, ...lines] = (await surely(repl, code)).trim().split("\n");
    try {
      const bytes = unbase64(lines.join(""));
      if ((await sha256(bytes)) === digest) return bytes;
    } catch {
      // Not base64 any more.
    }
    if (tries === TRIES) {
      throw new BoardError(`${path} does not arrive whole: try another cable, and again.`);
    }
  }
}
