// Read a firmware file: its chip, and the place of its file system. tools/host/image.py does the same on
// the host.

import { BoardError } from "./serial.js";

const MAGIC = 0xe9;
const PARTITION_TABLE = 0x8000;
const ENTRY = 32; // bytes of a partition's entry
const MB = 1 << 20;

/**
 * {chip, flashSize, filesystem: {offset, size} or null} of a firmware's bytes. chips: those of
 * chips.json. Throws BoardError if it is none, or for a chip that is not among them.
 */
export function inspect(bytes, chips) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < PARTITION_TABLE || bytes[0] !== MAGIC || bytes[3] >> 4 > 5) {
    throw new BoardError(
      "This file is no firmware: choose the .bin file of a MicroPython release.",
    );
  }
  const id = view.getUint16(12, true);
  const chip = chips.find((one) => one.id === id);
  if (!chip) {
    const titles = chips.map(({ title }) => title).join(", ");
    throw new BoardError(`This firmware is for another chip: choose one for ${titles}.`);
  }
  const flashSize = MB << (bytes[3] >> 4);
  const partitions = [];
  for (let at = PARTITION_TABLE - chip.offset; at + ENTRY <= bytes.length; at += ENTRY) {
    if (view.getUint16(at, true) !== 0x50aa) break;
    const label = new TextDecoder().decode(bytes.subarray(at + 12, at + 28)).replace(/\0+$/, "");
    const [offset, size] = [view.getUint32(at + 4, true), view.getUint32(at + 8, true)];
    partitions.push({ kind: bytes[at + 2], label, offset, size });
  }
  if (!partitions.some(({ kind }) => kind === 0)) {
    throw new BoardError(
      "This is only a part of a firmware: choose the .bin file, not the .app-bin.",
    );
  }
  return { chip, flashSize, filesystem: filesystem(partitions, flashSize) };
}

/** Until v1.25 the partition table has an entry for files; since v1.26 they use the rest of the flash. */
function filesystem(partitions, flashSize) {
  const labelled = (wanted) => partitions.find(({ label }) => label === wanted);
  if (labelled("ffat")) return null;
  const vfs = labelled("vfs");
  if (vfs) return { offset: vfs.offset, size: vfs.size };
  const offset = Math.max(...partitions.map((one) => one.offset + one.size));
  return flashSize > offset ? { offset, size: flashSize - offset } : null;
}
