// A typed name: the loss of each letter, and the likely next letters at a chosen place.

import { letterOf, make } from "../dom.js";

const SHOWN = 12; // likeliest tokens

export class Word {
  #letters;
  #next;
  #explain;
  #at = 0;
  #shown = null; // {answer, alphabet}

  /** Call onChoice(t) when another place is chosen. */
  constructor(letters, next, explain, onChoice) {
    this.#letters = letters;
    this.#next = next;
    this.#explain = explain;
    this.onChoice = onChoice;
    letters.addEventListener("keydown", (event) => this.#key(event));
  }

  /** The chosen place: the number of letters that have been read. */
  get at() {
    return this.#at;
  }

  /** answer: from nameOf. */
  update(answer, alphabet) {
    this.#shown = { answer, alphabet };
    this.#at = Math.min(this.#at, answer.next.length - 1);
    this.#drawLetters();
    this.#drawNext();
  }

  #drawLetters() {
    const { answer, alphabet } = this.#shown;
    const { tokens, losses, next } = answer;
    const columns = next.map((probabilities, t) => {
      const token = tokens[t + 1];
      const ends = token === 0;
      const letter = token === undefined ? "?" : ends ? "end" : letterOf(token, alphabet);
      const loss = losses[t];
      const percent = loss === undefined ? null : Math.exp(-loss) * 100;
      return { letter, loss, percent, most: Math.log(probabilities.length) * 1.5 };
    });
    if (this.#letters.children.length !== columns.length) {
      this.#letters.replaceChildren(
        ...columns.map((_, t) => {
          const button = make("button", { type: "button", className: "letter" });
          button.setAttribute("role", "radio");
          button.addEventListener("click", () => this.choose(t));
          const meter = make("span", { className: "meter" }, make("i"));
          button.append(make("b"), meter, make("span", { className: "loss" }));
          return button;
        }),
      );
    }
    columns.forEach(({ letter, loss, percent, most }, t) => {
      const button = this.#letters.children[t];
      const chosen = t === this.#at;
      button.setAttribute("aria-checked", chosen);
      button.tabIndex = chosen ? 0 : -1;
      const [big, meter, small] = button.children;
      big.textContent = letter;
      big.style.fontSize = letter === "end" ? "1rem" : "";
      big.style.lineHeight = letter === "end" ? "1.92rem" : "";
      const width = loss === undefined ? 0 : Math.min(100, (100 * loss) / most);
      meter.firstChild.style.width = `${width}%`;
      small.textContent = loss === undefined ? "" : loss.toFixed(2);
      const said = loss === undefined ? "" : `, loss ${loss.toFixed(2)}, ${percent.toFixed(0)} %`;
      button.setAttribute("aria-label", `${letter}${said}`);
      button.title = loss === undefined ? "" : `It gave this ${percent.toFixed(1)} %`;
    });
  }

  #drawNext() {
    const { answer, alphabet } = this.#shown;
    const probabilities = answer.next[this.#at];
    const really = answer.tokens[this.#at + 1];
    const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
    const shown = order.slice(0, SHOWN);
    if (really !== undefined && !shown.includes(really)) shown[SHOWN - 1] = really;
    const highest = Math.max(probabilities[order[0]], 0.2);
    const rows = shown.map((token) => {
      const p = probabilities[token];
      const label = token === 0 ? "end" : letterOf(token, alphabet);
      const fill = make("i");
      fill.style.width = `${(100 * p) / highest}%`;
      const row = make("div", { className: token === really ? "really" : "" });
      row.append(make("span", { className: "l" }, label));
      row.append(make("span", { className: "bar" }, fill));
      row.append(make("span", { className: "p" }, `${(100 * p).toFixed(1)} %`));
      return row;
    });
    const others = probabilities.length - shown.length;
    if (others > 0) rows.push(make("p", { className: "rest" }, `and ${others} less likely ones`));
    this.#next.replaceChildren(...rows);

    const read = answer.tokens
      .slice(1, this.#at + 1)
      .map((t) => letterOf(t, alphabet))
      .join("");
    const where = `${read ? `After “${read}”` : "Before the first letter"} it expects these.`;
    const truth = really === undefined ? "" : " What really follows has the other colour.";
    this.#explain.textContent = where + truth;
  }

  choose(t) {
    this.#at = t;
    this.#drawLetters();
    this.#drawNext();
    this.onChoice(t);
  }

  #key(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const n = this.#letters.children.length;
    this.choose((this.#at + step + n) % n);
    this.#letters.children[this.#at].focus();
  }
}
