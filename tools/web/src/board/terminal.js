// A terminal for the board's REPL. While it is open, it alone has the serial line.

import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import { colour } from "../dom.js";

const theme = () => ({
  background: colour("card"),
  foreground: colour("ink"),
  cursor: colour("accent"),
  selectionBackground: colour("line"),
});

export class BoardTerminal {
  #terminal;
  #fit = new FitAddon();
  #element;

  /** Call onType(text) when the reader types. */
  constructor(element, onType) {
    this.#element = element;
    this.#terminal = new Terminal({
      ...{ fontSize: 14, lineHeight: 1.2, rows: 16, convertEol: true, screenReaderMode: true },
      theme: theme(),
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.onData(onType);
    document.addEventListener("theme", () => {
      this.#terminal.options.theme = theme();
    });
  }

  /** Show the terminal; it can measure its size only while it is visible. */
  open() {
    if (!this.#terminal.element) this.#terminal.open(this.#element);
    this.#fit.fit();
    this.#terminal.focus();
  }

  write(text) {
    this.#terminal.write(text);
  }
}
