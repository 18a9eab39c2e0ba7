// Every weight as a pixel, one picture for each tensor, in the order of the forward pass.
// A column is what the tensor has for one letter, place, question or detector: so that all are of
// one height, the matrices with a row for each are turned.

import { colour, make } from "../dom.js";

const SAYS = {
  wte: ["Letters in", "a column for each letter: the map is drawn from these"],
  wpe: ["Places", "a column for the first letter, the second, and so on"],
  attn_wqkv: ["Questions, keys, values", "what each head asks, offers and passes on"],
  attn_wo: ["Heads together", "mixes what the heads found"],
  mlp_fc1: ["Detectors", "each column fires on one pattern"],
  mlp_fc2: ["Conclusions", "what follows when a detector fires"],
  lm_head: ["Letters out", "a column scores each next letter"],
};

export class Weights {
  #element;
  #shape = "";
  #canvases = [];
  #last = null;

  constructor(element) {
    this.#element = element;
    document.addEventListener("theme", () => this.#last && this.update(this.#last));
  }

  /** tensors: from weightsOf. */
  update(tensors) {
    this.#last = tensors;
    const shape = tensors.map(({ name, rows, cols }) => `${name} ${rows} ${cols}`).join();
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#build(tensors);
    }
    const [plus, minus, none] = ["plus", "minus", "heat-none"].map((name) => rgb(colour(name)));
    tensors.forEach(({ name, rows, cols, values, scale }, i) => {
      const turned = isTurned(name);
      const picture = turned ? new ImageData(rows, cols) : new ImageData(cols, rows);
      values.forEach((value, n) => {
        const at = turned ? (n % cols) * rows + Math.floor(n / cols) : n;
        const strength = Math.min(1, Math.abs(value) / (scale * 0.8));
        const full = value > 0 ? plus : minus;
        for (let c = 0; c < 3; c++) {
          picture.data[4 * at + c] = none[c] + (full[c] - none[c]) * strength;
        }
        picture.data[4 * at + 3] = 255;
      });
      this.#canvases[i].getContext("2d").putImageData(picture, 0, 0);
    });
  }

  #build(tensors) {
    const widest = Math.max(...tensors.map(({ rows, cols }) => Math.max(rows, cols)));
    const side = Math.max(2, Math.min(8, Math.floor(640 / widest))); // pixels a weight
    const figures = tensors.map(({ name, rows, cols }) => {
      const [width, height] = isTurned(name) ? [rows, cols] : [cols, rows];
      const canvas = make("canvas", { width, height });
      canvas.style.width = `${width * side}px`;
      canvas.style.aspectRatio = `${width} / ${height}`;
      const [, layer, tensor] = /^(?:layer(\d+)\.)?(.+)$/.exec(name);
      const [title, text] = SAYS[tensor] ?? [tensor, ""];
      const where = layer > 0 ? `${title}, layer ${Number(layer) + 1}` : title;
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${where}: ${rows} by ${cols} numbers`);
      const words = `${text} · ${rows}\u00a0×\u00a0${cols}`;
      const caption = make("figcaption", {}, make("b", {}, where), words);
      return make("figure", { className: "tensor" }, canvas, caption);
    });
    this.#canvases = figures.map((figure) => figure.firstChild);
    this.#element.replaceChildren(...figures);
  }
}

const isTurned = (name) => !name.endsWith("mlp_fc2");

/** [red, green, blue] of "#rrggbb". */
const rgb = (hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
