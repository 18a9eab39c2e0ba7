// Put MicroPython and the library's files on a board, with Espressif's flasher.

import { md5 } from "@noble/hashes/legacy.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { ESPLoader, Transport } from "esptool-js";
import { BAUD, BoardError } from "./serial.js";

const FASTER = 460800; // baud, while flashing
const HOLD_BOOT = "hold its BOOT button while you press EN (reset), and try again.";

/**
 * Erase the board at `port` and write the firmware, and the image of a file system if its size is
 * the one that the firmware expects. Returns whether the files are on the board as well.
 * firmware: {bytes, chip, filesystem}, from `inspect`; files: bytes; onProgress(0 to 1, what).
 * reset: false where no line can reset the board, which then is in its bootloader.
 */
export async function flash(port, firmware, files, onProgress, reset = true) {
  const transport = new Transport(port, false);
  const terminal = { clean() {}, writeLine() {}, write() {} };
  const baudrate = reset ? FASTER : BAUD;
  const loader = new ESPLoader({ transport, baudrate, romBaudrate: BAUD, terminal });
  try {
    onProgress(0, "Connecting to the bootloader");
    await connect(loader, reset);
    const found = loader.chip.CHIP_NAME;
    if (found !== firmware.chip.title) {
      throw new BoardError(
        `The board has an ${found}, and the firmware is for ${firmware.chip.title}: choose the file for this chip.`,
      );
    }
    const fits = firmware.filesystem !== null && firmware.filesystem.size === files.length;
    const parts = [{ data: firmware.bytes, address: firmware.chip.offset }];
    if (fits) parts.push({ data: files, address: firmware.filesystem.offset });
    const names = ["Writing MicroPython", "Writing the library and the names"];
    onProgress(0, "Erasing");
    await write(loader, parts, (i, written, total) => onProgress(written / total, names[i]));
    if (reset) await loader.after("hard_reset");
    return fits;
  } finally {
    await transport.disconnect().catch(() => {});
  }
}

async function connect(loader, reset) {
  try {
    await loader.main(reset ? "default_reset" : "no_reset");
  } catch (error) {
    if (error.name === "InvalidStateError" || error.name === "NetworkError") {
      throw new BoardError(
        "The port is in use by another program or tab: close it there, and try again.",
      );
    }
    throw new BoardError(`The board's bootloader does not answer: ${HOLD_BOOT}`);
  }
}

async function write(loader, fileArray, reportProgress) {
  try {
    await loader.writeFlash({
      fileArray,
      ...{ flashMode: "keep", flashFreq: "keep", flashSize: "keep" },
      ...{ eraseAll: true, compress: true, reportProgress },
      calculateMD5Hash: (image) => bytesToHex(md5(image)),
    });
  } catch (error) {
    throw new BoardError(
      `Writing stopped (${error.message}): check the cable, and install again; until then the board does not start.`,
    );
  }
}
