// The losses over the steps: of each name, the mean of the last 100, and of held-out names.

import uPlot from "uplot";
import { colour } from "../dom.js";

const MOST = 3000; // points drawn; of a longer run each n-th

export class Curve {
  #element;
  #plot = null;
  #vocab = 27;
  #thin = 1;

  constructor(element) {
    this.#element = element;
    this.clear();
    document.addEventListener("theme", () => this.#build());
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(element);
  }

  /** Begin anew; the number of tokens, `vocab`, gives the loss of pure guessing. */
  clear(vocab = this.#vocab, steps = 1000) {
    this.#vocab = vocab;
    this.#thin = Math.max(1, Math.ceil(steps / MOST));
    this.steps = steps;
    this.data = [[], [], [], []]; // step, loss, avg, held
    this.#build();
  }

  /** Add the loss of a step, the mean, and the held-out loss if it was measured. */
  add(step, loss, avg, held) {
    if (held === null && step % this.#thin) return;
    const [steps, losses, avgs, helds] = this.data;
    if (steps.at(-1) === step) {
      if (held !== null) helds[helds.length - 1] = held;
      return;
    }
    steps.push(step);
    losses.push(loss);
    avgs.push(avg);
    helds.push(held);
  }

  draw(steps = this.steps) {
    this.steps = steps;
    this.#plot.setData(this.data);
  }

  #size() {
    return { width: this.#element.clientWidth, height: this.#element.clientHeight };
  }

  #build() {
    this.#plot?.destroy();
    const soft = colour("soft");
    const grid = { stroke: colour("line"), width: 1 };
    const font = "12px system-ui, sans-serif";
    const axis = { stroke: soft, grid, ticks: grid, font };
    const losses = { ...axis, size: 40, incrs: [0.5, 1, 2, 5, 10] };
    const guessing = Math.log(this.#vocab);
    this.#plot = new uPlot(
      {
        ...this.#size(),
        cursor: { y: false, drag: { x: false, y: false } },
        legend: { show: false },
        scales: {
          x: { time: false, range: (_, __, last) => [0, Math.max(this.steps, last ?? 0, 10)] },
          y: {
            range: (_, low, high) => [
              Math.max(0, Math.floor(Math.min(low ?? 1.5, 1.5) * 2) / 2),
              Math.ceil(Math.max(high ?? 0, guessing + 0.2) * 2) / 2,
            ],
          },
        },
        axes: [axis, losses],
        series: [
          {},
          { stroke: "transparent", points: this.#dots("soft", 3), paths: () => null },
          { stroke: colour("accent"), width: 3, spanGaps: true, points: { show: false } },
          {
            stroke: colour("plus"),
            width: 2,
            spanGaps: true,
            points: { show: true, size: 6, fill: colour("plus") },
          },
        ],
        hooks: { drawAxes: [(plot) => this.#guessing(plot, guessing, soft, font)] },
      },
      this.data,
      this.#element,
    );
  }

  #dots(name, size) {
    const fill = `color-mix(in srgb, ${colour(name)} 55%, transparent)`;
    return { show: true, size, fill, stroke: "transparent" };
  }

  /** The loss of uniform guessing. */
  #guessing(plot, loss, stroke, font) {
    const { ctx, bbox } = plot;
    const y = plot.valToPos(loss, "y", true);
    const scale = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = stroke;
    ctx.fillStyle = stroke;
    ctx.lineWidth = scale;
    ctx.setLineDash([5 * scale, 5 * scale]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = font.replace(/(\d+)px/, (_, n) => `${n * scale}px`);
    ctx.textAlign = "right";
    ctx.fillText("pure guessing", bbox.left + bbox.width - 6 * scale, y - 6 * scale);
    ctx.restore();
  }
}
