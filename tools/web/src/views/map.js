// The embeddings of letters in two dimensions: the directions with the largest differences.

import { svg } from "../dom.js";
import { principal } from "./principal.js";

const RADIUS = 0.068; // of a letter's circle, in a picture from -1 to 1
const HEIGHT = 1.4; // from -HEIGHT to HEIGHT
const EDGES = [1, HEIGHT].map((edge) => edge - 1.2 * RADIUS);
const PUSHES = 40;
const VOWELS = new Set("aeiouyæœøıαεηιουωаеёиоуыэюяіїє");

export const isVowel = (letter) => VOWELS.has(letter.toLowerCase().normalize("NFD")[0]);

const limit = (value, edge) => Math.max(-edge, Math.min(edge, value));

/** Move the places [x, y] until circles around them do not overlap, or hardly do. */
function apart(places) {
  const moved = places.map((place) => [...place]);
  for (let push = 0; push < PUSHES; push++) {
    for (let i = 0; i < moved.length; i++) {
      for (let j = 0; j < i; j++) {
        const [dx, dy] = [0, 1].map((k) => moved[i][k] - moved[j][k] || 1e-6 * (i - j));
        const distance = Math.hypot(dx, dy);
        const missing = (2.05 * RADIUS - distance) / 2 / distance;
        if (missing <= 0) continue;
        [dx, dy].forEach((d, k) => {
          moved[i][k] = limit(moved[i][k] + d * missing, EDGES[k]);
          moved[j][k] = limit(moved[j][k] - d * missing, EDGES[k]);
        });
      }
    }
  }
  return moved;
}

export class LetterMap {
  #element;
  #alphabet = null;
  #points = [];
  #axes = null; // of the last picture, so that the next is turned alike

  constructor(element) {
    this.#element = element;
  }

  /** wte: the tensor as weightsOf gives it, a row for each token. */
  update({ values, rows, cols }, alphabet) {
    if (alphabet !== this.#alphabet) this.#build(alphabet);
    // Without BOS, which is no letter.
    const { places, axes } = principal(values.subarray(cols), rows - 1, cols, this.#axes);
    this.#axes = axes;
    const far = [0, 1].map((k) => Math.max(...places.map((place) => Math.abs(place[k])), 1e-9));
    apart(places.map((place) => place.map((value, k) => (value / far[k]) * EDGES[k]))).forEach(
      (place, i) => {
        const at = place.map((value) => `${value.toFixed(4)}px`);
        this.#points[i].style.transform = `translate(${at.join(", ")})`;
      },
    );
  }

  #build(alphabet) {
    this.#alphabet = alphabet;
    this.#axes = null;
    this.#points = [...alphabet].map((letter) => {
      const text = svg("text", { "font-size": 0.1 }, letter === " " ? "␣" : letter);
      const kind = isVowel(letter) ? "point vowel" : "point";
      return svg("g", { class: kind }, svg("circle", { r: RADIUS }), text);
    });
    const label = "The letters, those that are used alike close together";
    const picture = svg("svg", {
      viewBox: `-1 ${-HEIGHT} 2 ${2 * HEIGHT}`,
      role: "img",
      "aria-label": label,
    });
    picture.append(...this.#points);
    this.#element.replaceChildren(picture);
  }
}
