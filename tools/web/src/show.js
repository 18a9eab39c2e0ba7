// All views: they show the model that they are attached to, the tab's or a board's.

import { nameOf, weightsOf } from "./answer.js";
import { $, complain } from "./dom.js";
import { Curve } from "./views/curve.js";
import { Heads } from "./views/heads.js";
import { LetterMap } from "./views/map.js";
import { Invented } from "./views/names.js";
import { Weights } from "./views/weights.js";
import { Word } from "./views/word.js";

const NAMES_AT_ONCE = 8;
const NAMES_WHILE_LEARNING = 3;

export class Show {
  #source = null;
  #about = null;
  #asking = null; // the refresh under way
  #again = false; // whether another is wanted after it
  #invented = 0; // time of the last names
  #name = null; // the last answer to `name`
  interval = 200; // milliseconds between two refreshes

  constructor() {
    this.curve = new Curve($("curve"));
    this.invented = new Invented($("invented"), $("invented-count"));
    this.heads = new Heads($("heads"));
    this.map = new LetterMap($("map"));
    this.weights = new Weights($("weights"));
    this.word = new Word($("letters"), $("next"), $("next-explain"), () => this.#drawHeads());
    $("word").addEventListener("input", () => this.refresh());
    $("invent").addEventListener("click", () => this.invent(NAMES_AT_ONCE));
    for (const id of ["temperature", "top-k"])
      $(id).addEventListener("input", () => this.#labels());
    this.#labels();
  }

  /** The model that is shown. */
  get source() {
    return this.#source;
  }

  /** Show this model from now on. */
  async attach(source, whose) {
    this.#source = source;
    $("shown").textContent = `showing ${whose}`;
    $("shown").hidden = whose === "this tab";
    this.#about = null;
    this.#name = null;
    await this.#learnAbout();
    this.invented.clear();
    this.curve.clear(this.#about.vocab, this.#about.steps);
    this.#figures({ step: this.#about.step, avg: null, held: null, speed: null });
    $("held-says").textContent = "on unseen names";
    $("n-parameters").textContent = this.#about.count.toLocaleString("en");
    $("top-k").max = this.#about.vocab;
    $("top-k").value = this.#about.vocab;
    this.#labels();
    $("invent").disabled = false;
    await this.refresh();
    return this.#about;
  }

  async #learnAbout() {
    const { facts } = await this.#source.ask("about");
    const vocab = facts.alphabet.length ? [...facts.alphabet].length + 1 : 1;
    const count = facts.parameters.reduce((sum, [, rows, cols]) => sum + rows * cols, 0);
    this.#about = { ...facts, alphabet: [...facts.alphabet], vocab, count };
  }

  /** Show the progress of training: step, steps, avg, held, speed, and the losses since the last call. */
  progress({ step, steps, avg, held, losses, speed }) {
    losses.forEach((loss, i) => {
      const last = i === losses.length - 1;
      this.curve.add(step - losses.length + 1 + i, loss, last ? avg : null, last ? held : null);
    });
    this.curve.draw(steps);
    this.#figures({ step, avg, held, speed });
    const now = performance.now();
    if (now - (this.refreshed ?? 0) > this.interval) this.refresh();
    if (now - this.#invented > 3 * this.interval && step > 0) {
      this.#invented = now;
      this.invent(NAMES_WHILE_LEARNING);
    }
  }

  /** Training has stopped: say why there is no loss of unseen names, if there is none. */
  ended() {
    if ($("f-held").textContent === "–")
      $("held-says").textContent = "unseen names: a list needs about 130 to set some aside";
  }

  /** Show the model after this step, of which no progress was told. */
  reached(step) {
    this.#figures({ step });
    return this.refresh();
  }

  #figures({ step, avg, held, speed }) {
    $("f-step").textContent = step.toLocaleString("en");
    if (avg !== undefined) $("f-avg").textContent = avg === null ? "–" : avg.toFixed(3);
    if (held || held === null) {
      if (held || !step) $("f-held").textContent = held ? held.toFixed(3) : "–";
    }
    if (speed !== undefined)
      $("f-speed").textContent = speed ? Math.round(speed).toLocaleString("en") : "–";
  }

  /** Ask again for the weights and the typed name; resolves when the answers are shown. */
  refresh() {
    if (!this.#source) return Promise.resolve();
    if (this.#asking) {
      this.#again = true;
      return this.#asking;
    }
    this.refreshed = performance.now();
    this.#asking = this.#refresh().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #refresh() {
    do {
      this.#again = false;
      try {
        await this.#look(this.#source, this.#about);
        complain($("word-problem"), null);
      } catch (error) {
        complain($("word-problem"), error.message);
      }
    } while (this.#again);
  }

  async #look(source, about) {
    const weights = weightsOf(await source.ask("weights"), about.parameters);
    if (source !== this.#source) return;
    this.weights.update(weights);
    this.map.update(weights[0], about.alphabet.join(""));
    const name = nameOf(await source.ask(`name ${$("word").value.trim()}`.trim()), about);
    if (source !== this.#source) return;
    this.#name = name;
    this.word.update(name, about.alphabet);
    this.#drawHeads();
  }

  #drawHeads() {
    if (this.#name) this.heads.update(this.#name, this.#about.alphabet, this.word.at);
  }

  /** Show n invented names, as the sliders say. */
  async invent(n) {
    const topK = Number($("top-k").value);
    const k = topK >= this.#about.vocab ? 0 : topK;
    const request = `sample ${n} ${$("temperature").value} ${k} ${$("prompt").value.trim()}`;
    try {
      this.invented.add((await this.#source.ask(request)).facts);
      complain($("names-problem"), null);
    } catch (error) {
      complain($("names-problem"), error.message);
    }
  }

  #labels() {
    $("temperature-out").textContent = Number($("temperature").value).toFixed(1);
    const k = Number($("top-k").value);
    $("top-k-out").textContent =
      k >= Number($("top-k").max) ? "all" : k === 1 ? "1 letter" : `${k} letters`;
  }
}
