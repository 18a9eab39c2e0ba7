// The attention of each head as a triangle: row t is the moment after reading letter t, column s
// a letter that it may look at.

import { letterOf, make, svg } from "../dom.js";
import { isVowel } from "./map.js";

export class Heads {
  #element;
  #shape = "";
  #heads = []; // {cells, letters, rows, frame, says}

  constructor(element) {
    this.#element = element;
  }

  /** answer: from nameOf; at: the place chosen in the word. */
  update(answer, alphabet, at) {
    const rows = answer.next.length;
    const layers = answer.looks.length;
    const n = answer.looks[0].length;
    const shape = `${layers} ${n} ${rows}`;
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#build(layers, n, rows);
    }
    const letters = answer.tokens.slice(0, rows).map((token) => letterOf(token, alphabet));
    answer.looks.flat().forEach((looks, i) => {
      const head = this.#heads[i];
      looks.forEach((row, t) => {
        row.forEach((p, s) => {
          const cell = head.cells[t][s];
          cell.style.fillOpacity = Math.sqrt(p).toFixed(4); // or small shares could not be seen
          const to = s === 0 ? "the beginning" : `“${letters[s]}”`;
          const from = t === 0 ? "at the beginning" : `after “${letters[t]}”`;
          cell.firstChild.textContent = `${from} it looks at ${to}: ${(100 * p).toFixed(0)} %`;
        });
      });
      letters.forEach((letter, t) => {
        head.columns[t].textContent = letter;
        head.rows[t].textContent = letter;
        head.rows[t].classList.toggle("here", t === at);
      });
      head.frame.setAttribute("y", at);
      head.frame.setAttribute("width", at + 1);
      head.says.textContent = preference(looks, letters);
    });
  }

  #build(layers, n, rows) {
    this.#heads = [];
    const parts = [];
    for (let layer = 0; layer < layers; layer++) {
      if (layers > 1) parts.push(make("p", { className: "layer-title" }, `Layer ${layer + 1}`));
      for (let h = 0; h < n; h++) parts.push(this.#head(h, rows));
    }
    this.#element.replaceChildren(...parts);
  }

  #head(h, rows) {
    const label = `What head ${h + 1} looks at; the sentence below says it in words`;
    const box = `-1.3 -1.3 ${rows + 1.5} ${rows + 1.5}`;
    const picture = svg("svg", { viewBox: box, role: "img", "aria-label": label });
    const text = (x, y) =>
      svg("text", { x, y, "font-size": Math.min(0.75, 0.3 + rows / 16), "text-anchor": "middle" });
    const cells = [];
    const columns = [];
    const names = [];
    for (let t = 0; t < rows; t++) {
      columns.push(picture.appendChild(text(t + 0.5, -0.35)));
      names.push(picture.appendChild(text(-0.6, t + 0.72)));
      cells.push([]);
      for (let s = 0; s <= t; s++) {
        const place = { x: s + 0.04, y: t + 0.04, width: 0.92, height: 0.92, rx: 0.12 };
        picture.append(svg("rect", { ...place, class: "none" }));
        const cell = svg("rect", place, svg("title"));
        cells[t].push(picture.appendChild(cell));
      }
    }
    const frame = svg("rect", { x: 0, y: 0, height: 1, width: 1, rx: 0.15, class: "now" });
    picture.append(frame);
    const says = make("p");
    this.#heads.push({ cells, columns, rows: names, frame, says });
    const title = make("h4", {}, `Head ${h + 1}`);
    return make("div", { className: "head" }, title, picture, says);
  }
}

/**
 * In words: what a head prefers in this name. looks[t][s], and the letters as they are shown.
 *
 * A preference is how much it looks at some places, against what it would if it looked at all
 * alike; the first two rows have hardly a choice and do not count.
 */
export function preference(looks, letters) {
  const rows = looks.filter((row) => row.length > 2);
  if (!rows.length) return "Type a longer name to see where it looks.";
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const kinds = {
    "the letter just read": (s, t) => s === t,
    "one letter back": (s, t) => s === t - 1,
    "two letters back": (s, t) => s === t - 2 && s > 0,
    "the beginning": (s) => s === 0,
    vowels: (s) => s > 0 && isVowel(letters[s]),
    consonants: (s) => s > 0 && !isVowel(letters[s]),
  };
  const found = Object.entries(kinds).map(([name, isOne]) => {
    const share = sum(rows.map((row) => sum([...row].filter((_, s) => isOne(s, row.length - 1)))));
    const places = rows.map(
      (row) => [...row.keys()].filter((s) => isOne(s, row.length - 1)).length,
    );
    const alike = sum(places.map((n, i) => n / rows[i].length));
    return { name, share: share / rows.length, more: share / (alike || Number.POSITIVE_INFINITY) };
  });
  const percent = (p) => `${Math.round(100 * p)} %`;
  // Of those that it prefers, the one that takes most beyond its due.
  found.sort((a, b) => b.share - b.share / b.more - (a.share - a.share / a.more));
  const [first] = found;
  if (first.more < 1.12) return "Looks at all letters alike: no habit in this name.";
  if (first.share > 0.5 && first.more > 1.5) {
    return `Looks mostly at ${first.name} in this name: ${percent(first.share)}.`;
  }
  const prefers = first.more < 1.3 ? "Slightly prefers" : "Prefers";
  const even = percent(first.share / first.more);
  return `${prefers} ${first.name} in this name: ${percent(first.share)}, where an even look gives ${even}.`;
}
