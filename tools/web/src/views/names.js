// Invented names, the newest first. Names that are in no list are marked.

import { make } from "../dom.js";

const MOST = 120;

export class Invented {
  #element;
  #count;
  #all = 0;
  #new = 0;

  /** `count` is the element that says how many names are new. */
  constructor(element, count) {
    this.#element = element;
    this.#count = count;
  }

  clear() {
    this.#all = this.#new = 0;
    this.#count.textContent = "";
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
    this.#all += names.length;
    this.#new += names.filter((name) => !known.includes(name)).length;
    const [all, fresh] = [this.#all, this.#new].map((n) => n.toLocaleString("en"));
    this.#count.textContent = `${all} invented, ${fresh} of them new.`;
    this.#element.prepend(...items);
    while (this.#element.children.length > MOST) this.#element.lastChild.remove();
  }
}
