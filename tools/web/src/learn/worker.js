// The interpreter in a worker, so that the page stays smooth while it trains. The worker answers
// messages {id, call, parameters} with {id, result} or {id, error}, and sends events {event, …}.

import * as kernels from "parts/kernels.js";
import library from "parts/library.json";
import { start } from "./micropython.js";

const SLICE = 24; // milliseconds of training between two looks at the messages
const BATCH = 5; // steps a call: garbage is collected between calls only
const HELD_EVERY = 100; // steps

const NAMES = "/names.txt";
const ALPHABET = "/names.alphabet";

let micropython;
let tab; // python/tab.py
let printed = "";
const decoder = new TextDecoder();

let running = false;
let pace = Number.POSITIVE_INFINITY; // steps a second
let heldAt = 0;
let speed = 0; // steps that a second of computing makes

/** Call a function of tab.py. Its output is then in `printed`. */
function call(name, ...values) {
  printed = "";
  try {
    return tab[name](...values);
  } catch (error) {
    throw new Error(sentence(error));
  }
}

/** The last line of a traceback without the exception's type, which is a sentence. */
function sentence(error) {
  const lines = String(error.message ?? error)
    .trim()
    .split("\n");
  return lines.at(-1).replace(/^\w+: /, "");
}

const calls = {
  async boot({ wasm }) {
    micropython = await start({
      files: library,
      kernels,
      wasm,
      write: (bytes) => {
        printed += decoder.decode(bytes, { stream: true });
      },
    });
    tab = micropython.pyimport("tab");
    return JSON.parse(call("presets"));
  },

  /** Make a new model with these names (bytes) and settings. */
  begin({ names, settings }) {
    running = false;
    micropython.FS.writeFile(NAMES, names);
    if (micropython.FS.analyzePath(ALPHABET).exists) micropython.FS.unlink(ALPHABET);
    const found = call("begin", JSON.stringify(settings));
    heldAt = Number.NEGATIVE_INFINITY;
    return JSON.parse(found);
  },

  /** Load the model of a checkpoint (bytes); names as in `begin`. */
  resume({ names, checkpoint }) {
    running = false;
    micropython.FS.writeFile(NAMES, names);
    micropython.FS.writeFile("/esp32gpt.ckpt", checkpoint);
    call("resume");
    heldAt = Number.NEGATIVE_INFINITY;
    return printed;
  },

  ask({ request }) {
    call("ask", request);
    return printed.trimEnd();
  },

  save() {
    return micropython.FS.readFile(call("save"));
  },

  extend({ steps }) {
    call("extend", steps);
  },

  pace({ stepsPerSecond }) {
    pace = stepsPerSecond;
  },

  run() {
    if (!running) {
      running = true;
      train();
    }
  },

  pause() {
    running = false;
  },
};

async function train() {
  const unthrottled = channel();
  let owed = 1; // steps that the pace allows
  let before = performance.now();
  while (running) {
    const began = performance.now();
    const elapsed = (began - before) / 1000;
    owed = Number.isFinite(pace) ? Math.min(owed + pace * elapsed, pace / 4 + 1) : pace;
    before = began;
    const losses = [];
    let last;
    try {
      while (running && losses.length < Math.floor(owed) && performance.now() - began < SLICE) {
        last = JSON.parse(call("train", Math.min(BATCH, Math.floor(owed) - losses.length)));
        losses.push(...last.losses);
        if (!last.losses.length) running = false;
      }
      if (last) {
        const spent = performance.now() - began;
        if (losses.length) speed = speed * 0.8 + 0.2 * ((1000 * losses.length) / spent) || speed;
        owed -= losses.length;
        running = running && last.step < last.steps;
        let held = null;
        if (last.step - heldAt >= HELD_EVERY || !running) {
          heldAt = last.step;
          held = JSON.parse(call("held"));
        }
        const { step, steps, avg } = last;
        postMessage({ event: "progress", step, steps, avg, held, losses, speed });
      }
    } catch (error) {
      running = false;
      postMessage({ event: "failed", message: error.message });
    }
    if (Number.isFinite(pace)) await new Promise((resolve) => setTimeout(resolve, 12));
    else await unthrottled();
  }
  postMessage({ event: "stopped" });
}

/** A turn of the event loop without setTimeout's least delay. */
function channel() {
  const { port1, port2 } = new MessageChannel();
  return () =>
    new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(null);
    });
}

self.onmessage = async ({ data: { id, call: name, parameters } }) => {
  try {
    postMessage({ id, result: await calls[name](parameters ?? {}) });
  } catch (error) {
    postMessage({ id, error: error.message });
  }
};
