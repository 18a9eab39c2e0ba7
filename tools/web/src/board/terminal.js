// A terminal with the board's REPL. It sees all that the board says, and has the line while the
// reader types.

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

  /** onType(text): called with what is typed. */
  constructor(element, onType) {
    this.#element = element;
    this.#terminal = new Terminal({
      ...{ fontSize: 14, rows: 16, convertEol: true, screenReaderMode: true },
      theme: theme(),
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.onData(onType);
    document.addEventListener("theme", () => {
      this.#terminal.options.theme = theme();
    });
  }

  /** Show it; it can measure its size only when it is seen. */
  open() {
    if (!this.#terminal.element) this.#terminal.open(this.#element);
    this.#fit.fit();
    this.#terminal.focus();
  }

  write(text) {
    this.#terminal.write(text);
  }

  get text() {
    const { buffer } = this.#terminal;
    return Array.from({ length: buffer.active.length }, (_, i) =>
      buffer.active.getLine(i).translateToString(true),
    ).join("\n");
  }
}
