// Invented names, the newest first. Names that are in no list are marked.

import { make } from "../dom.js";

const MOST = 120;

export class Invented {
  #element;

  constructor(element) {
    this.#element = element;
  }

  clear() {
    this.#element.replaceChildren();
  }

  /** An answer to `sample`. */
  add({ step, names, known }) {
    const items = names.map((name) => {
      const isNew = !known.includes(name);
      const tag = isNew ? "new" : "known";
      const text = make("span", {}, name || "(no letters)");
      const when = make("span", { className: "when" }, `after ${step.toLocaleString("en")}`);
      const item = make("li", { className: "fresh" }, text, when);
      item.append(make("span", { className: `tag ${tag}` }, isNew ? "new" : "in the list"));
      return item;
    });
    this.#element.prepend(...items);
    while (this.#element.children.length > MOST) this.#element.lastChild.remove();
  }
}
