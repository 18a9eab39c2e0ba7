// A serial port as a stream of bytes. Each failure becomes one sentence.

export const BAUD = 115200;

export class BoardError extends Error {}

/** Let the reader choose a port and return it; null if the reader cancels. Throws BoardError. */
export async function choosePort() {
  if (!("serial" in navigator)) {
    throw new BoardError(
      "This browser cannot reach a serial port: open the page in Chrome, Edge, Opera or Firefox 151 on a computer.",
    );
  }
  try {
    return await navigator.serial.requestPort();
  } catch (error) {
    if (error.name === "NotFoundError") return null;
    throw new BoardError(
      `No port can be chosen here (${error.message}): open the page over https.`,
    );
  }
}

export class Serial {
  #port;
  #reader;
  #writer;
  #reading;
  #closing = false;

  /** Call onBytes(bytes) when bytes arrive, and onLost() when the board is gone. */
  constructor(port, onBytes, onLost) {
    this.#port = port;
    this.onBytes = onBytes;
    this.onLost = onLost;
  }

  async open() {
    try {
      await this.#port.open({ baudRate: BAUD, bufferSize: 16384 });
    } catch (error) {
      throw new BoardError(
        error.name === "InvalidStateError"
          ? "The port is open already: reload the page, and connect again."
          : "The port is in use by another program or tab: close it there, and connect again.",
      );
    }
    this.#writer = this.#port.writable.getWriter();
    this.#reading = this.#read();
  }

  async #read() {
    // A framing error ends a reader but not the port: then there is another stream to read.
    while (this.#port.readable && !this.#closing) {
      this.#reader = this.#port.readable.getReader();
      try {
        for (;;) {
          const { value, done } = await this.#reader.read();
          if (done) break;
          this.onBytes(value);
        }
      } catch (error) {
        if (error.name === "NetworkError") break;
      } finally {
        this.#reader.releaseLock();
      }
    }
    if (!this.#closing) this.onLost();
  }

  async write(bytes) {
    try {
      await this.#writer.write(bytes);
    } catch {
      throw new BoardError("The board is gone: check its cable, and connect again.");
    }
  }

  /** Release the port, for other programs or for the flasher. */
  async close() {
    this.#closing = true;
    try {
      await this.#reader?.cancel();
      await this.#reading;
      this.#writer?.releaseLock();
      await this.#port.close();
    } catch {
      // It is gone already.
    }
  }
}
