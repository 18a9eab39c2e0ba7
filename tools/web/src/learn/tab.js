// The model that learns in this tab: the page's interface to worker.js.

import { parse } from "../answer.js";

/**
 * Events: `progress` (detail: step, steps, avg, held, losses, speed), `stopped`, and `failed`
 * (detail: message). A board (board/board.js) has the same `ask`, and the same events.
 */
export class Tab extends EventTarget {
  #worker = new Worker(new URL("worker.js", document.baseURI), { type: "module" });
  #waiting = new Map();
  #calls = 0;

  constructor() {
    super();
    this.#worker.onmessage = ({ data }) => {
      if (data.event) {
        this.dispatchEvent(new CustomEvent(data.event, { detail: data }));
        return;
      }
      const { resolve, reject } = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (data.error === undefined) resolve(data.result);
      else reject(new Error(data.error));
    };
  }

  #call(name, parameters) {
    const id = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, call: name, parameters });
    });
  }

  /** Start the interpreter; returns the presets, as {name: shape}. */
  boot() {
    return this.#call("boot", { wasm: new URL("micropython.wasm", document.baseURI).href });
  }

  /** Make a new model; names are the bytes of names.txt. Returns {lines, names}, their numbers.
   * Rejects with a sentence. */
  begin(names, settings) {
    return this.#call("begin", { names, settings });
  }

  resume(names, checkpoint) {
    return this.#call("resume", { names, checkpoint });
  }

  /** Return the parsed answer of watch.py to a request. Rejects with a sentence if it is refused. */
  async ask(request) {
    const lines = (await this.#call("ask", { request })).split("\n");
    const answer = parse(lines.at(-1));
    if (answer.kind === "error") throw new Error(answer.facts.message);
    return answer;
  }

  /** Return the bytes of a checkpoint. */
  save() {
    return this.#call("save");
  }

  extend(steps) {
    return this.#call("extend", { steps });
  }

  pace(stepsPerSecond) {
    return this.#call("pace", { stepsPerSecond });
  }

  run() {
    return this.#call("run");
  }

  pause() {
    return this.#call("pause");
  }
}
