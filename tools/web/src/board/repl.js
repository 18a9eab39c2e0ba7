// MicroPython's raw REPL: send code and receive its output.

import { BoardError } from "./serial.js";

const [CTRL_A, CTRL_B, CTRL_C, CTRL_D] = ["\x01", "\x02", "\x03", "\x04"];
const PROMPT = "raw REPL; CTRL-B to exit\r\n>";
const TRIES = 6; // of Ctrl-C: a board that boots loses what is sent to it
const PATIENCE = 2000; // milliseconds for an answer to Ctrl-C,
const HEARING = 6000; // and to the end of code
const SILENCE = 20000; // milliseconds that code may run without a word
const PIECE = 256; // bytes at a time, which is what a board buffers,
const PAUSE = 10; // and milliseconds between them

const encoder = new TextEncoder();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Repl {
  #serial;
  #heard = ""; // bytes as characters 0 to 255
  #wake = () => {};
  #lost = false;

  constructor(serial) {
    this.#serial = serial;
  }

  /** Take bytes from the serial port. */
  hear(bytes) {
    for (const byte of bytes) this.#heard += String.fromCharCode(byte);
    this.#wake();
  }

  /** End all waiting with an error, because the board is gone. */
  lose() {
    this.#lost = true;
    this.#wake();
  }

  write(text) {
    return this.#serial.write(encoder.encode(text));
  }

  /** Wait until one of the texts is heard; returns what came up to its end. Each new piece is
   * given to `each` as well, and starts the patience anew. */
  async #until(text, patience, each = () => {}) {
    let given = 0;
    for (;;) {
      if (this.#lost)
        throw new BoardError("The board is gone: check its cable, and connect again.");
      const at = this.#heard.indexOf(text);
      const end = at < 0 ? this.#heard.length : at + text.length;
      if (end > given) each(this.#heard.slice(given, at < 0 ? end : at));
      given = end;
      if (at >= 0) {
        const said = this.#heard.slice(0, end);
        this.#heard = this.#heard.slice(end);
        return said;
      }
      const before = this.#heard.length;
      await Promise.race([
        new Promise((resolve) => {
          this.#wake = resolve;
        }),
        sleep(patience),
      ]);
      if (this.#heard.length === before && !this.#lost) {
        throw new BoardError(
          "The board does not answer: press its EN (reset) button, and try again.",
        );
      }
    }
  }

  /** Stop any program and enter the raw REPL. */
  async enter() {
    for (let tries = 1; ; tries++) {
      this.#heard = "";
      await this.write(`\r${CTRL_C}${CTRL_C}\r${CTRL_A}`);
      try {
        await this.#until(PROMPT, PATIENCE);
        await sleep(100); // answers to earlier tries
        this.#heard = "";
        return;
      } catch (error) {
        if (this.#lost || tries === TRIES) {
          if (this.#lost) throw error;
          throw new BoardError(
            "No MicroPython answers: press the board's EN (reset) button and connect again, or install it below.",
          );
        }
      }
    }
  }

  /** Leave the raw REPL for the friendly one. */
  leave() {
    return this.write(`\r${CTRL_B}`);
  }

  /** Free all memory; main.py does not start. */
  async reset() {
    await this.write(CTRL_D);
    await this.#until("soft reboot\r\n", SILENCE);
    await this.#until(PROMPT, SILENCE);
  }

  /**
   * What the code prints. onBegin() is called when the code runs, and onLine(line) for each line as
   * it comes. Throws BoardError with the last line of a traceback, or if the board is silent for too
   * long.
   */
  async exec(code, { onBegin = () => {}, onLine, silence = SILENCE } = {}) {
    this.#heard = "";
    const bytes = encoder.encode(code);
    for (let i = 0; i < bytes.length; i += PIECE) {
      await this.#serial.write(bytes.slice(i, i + PIECE));
      if (bytes.length > PIECE) await sleep(PAUSE);
    }
    await this.write(CTRL_D);
    await this.#until("OK", HEARING);
    onBegin();
    let line = "";
    const tell = (piece) => {
      line += piece;
      const lines = line.split("\n");
      line = lines.pop();
      for (const one of lines) onLine(decode(one.replace(/\r$/, "")));
    };
    const printed = await this.#until(CTRL_D, silence, onLine && tell);
    const complaint = decode(await this.#until(CTRL_D, HEARING));
    await this.#until(">", HEARING);
    if (complaint.length > 1) throw new BoardError(refusal(complaint.slice(0, -1)));
    return decode(printed.slice(0, -1)).replaceAll("\r\n", "\n");
  }

  /** Let the prompt forget what it has heard so far. */
  clear() {
    return this.write(CTRL_C);
  }

  /** Interrupt code that runs. */
  interrupt() {
    return this.write(CTRL_C);
  }
}

/** Decode UTF-8 that is kept as characters 0 to 255. */
const decode = (heard) =>
  new TextDecoder().decode(Uint8Array.from(heard, (char) => char.charCodeAt(0)));

/** Return the sentence in a traceback. */
function refusal(traceback) {
  const last = traceback.trim().split("\n").at(-1).trim();
  if (last.startsWith("MemoryError")) {
    return "The board has run out of memory: press its EN (reset) button, and choose a smaller size.";
  }
  if (last.startsWith("OSError: 28") || last.includes("ENOSPC")) {
    return "The board's file system is full: delete files of yours on it, and try again.";
  }
  return last.replace(/^(?:ValueError|\w*Error): (?=[a-z].* )/, "");
}
