// MicroPython's raw REPL: send code and receive its output.

import { BoardError } from "./serial.js";

const [CTRL_A, CTRL_B, CTRL_C, CTRL_D] = ["\x01", "\x02", "\x03", "\x04"];
const PROMPT = "raw REPL; CTRL-B to exit\r\n>";
const RESTART = "rst:0x"; // each Espressif chip prints this when it starts
const TRIES = 6; // of Ctrl-C: a board that boots loses what is sent to it
const PATIENCE = 2000; // milliseconds without a byte, for an answer to Ctrl-C,
const HEARING = 15000; // for a mark of the REPL,
const SILENCE = 90000; // and for the output of code: to read a long list takes a slow board a minute
const PIECE = 256; // bytes at a time, which is what a board buffers,
const PAUSE = 10; // and milliseconds between them

const encoder = new TextEncoder();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Repl {
  #serial;
  #onRestart;
  #heard = ""; // bytes as characters 0 to 255
  #recent = ""; // the last of them, heard or not
  #wake = () => {};
  #gone = null; // the sentence that says why there is no board
  #inside = false; // whether the board is in the raw REPL

  /** onRestart() is called when a board that was in the raw REPL starts anew. */
  constructor(serial, onRestart) {
    this.#serial = serial;
    this.#onRestart = onRestart;
  }

  /** Take bytes from the serial port. */
  hear(bytes) {
    const text = String.fromCharCode(...bytes);
    this.#heard += text;
    const recent = this.#recent + text;
    this.#recent = recent.slice(1 - RESTART.length);
    if (this.#inside && recent.includes(RESTART)) this.#onRestart();
    this.#wake();
  }

  /** End all waiting with this sentence, because the board is gone. */
  lose(sentence) {
    this.#gone = sentence;
    this.#wake();
  }

  write(text) {
    return this.#serial.write(encoder.encode(text));
  }

  /** Wait until the mark is heard; return what came before it. If `each` is given, the mark must be
   * one character, and each piece is given to `each` instead. Throws BoardError after `patience`
   * milliseconds without a byte. */
  async #until(mark, patience, each) {
    for (;;) {
      if (this.#gone) throw new BoardError(this.#gone);
      const at = this.#heard.indexOf(mark);
      let said = "";
      if (at >= 0) {
        said = this.#heard.slice(0, at);
        this.#heard = this.#heard.slice(at + mark.length);
      } else if (each) {
        said = this.#heard;
        this.#heard = "";
      }
      if (said && each) each(said);
      if (at >= 0) return said;
      if (!(await this.#hears(patience))) {
        throw new BoardError(
          "The board does not answer: press its EN (reset) button, and connect again.",
        );
      }
    }
  }

  /** Return true when something is heard, and false after so many milliseconds without. */
  #hears(patience) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, patience, false);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  /** Stop any program and enter the raw REPL. */
  async enter() {
    this.#inside = false;
    for (let tries = 1; ; tries++) {
      this.#heard = "";
      await this.write(`\r${CTRL_C}${CTRL_C}\r${CTRL_A}`);
      try {
        await this.#until(PROMPT, PATIENCE);
        await sleep(100); // answers to earlier tries
        this.#heard = "";
        this.#inside = true;
        return;
      } catch (error) {
        if (this.#gone) throw error;
        if (tries === TRIES) {
          throw new BoardError(
            "No MicroPython answers: press the board's EN (reset) button and connect again, or install it below.",
          );
        }
      }
    }
  }

  /** Leave the raw REPL for the friendly one. */
  leave() {
    this.#inside = false;
    return this.write(`\r${CTRL_B}`);
  }

  /** Free all memory; main.py does not start. */
  async reset() {
    await this.write(CTRL_D);
    await this.#until("soft reboot\r\n", HEARING);
    await this.#until(PROMPT, HEARING);
  }

  /**
   * What the code prints. onBegin() is called when the code runs. With onLine, each line is given
   * to onLine(line) as it comes, and nothing is returned. Throws BoardError with the last line of a
   * traceback, or if the board is silent for too long.
   */
  async exec(code, { onBegin = () => {}, onLine } = {}) {
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
    const printed = await this.#until(CTRL_D, SILENCE, onLine && tell);
    const complaint = decode(await this.#until(CTRL_D, HEARING));
    await this.#until(">", HEARING);
    if (complaint) throw new BoardError(refusal(complaint));
    return decode(printed).replaceAll("\r\n", "\n");
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
