// The model on a board at a serial port. learn/tab.js is the model in the tab.

import { parse } from "../answer.js";
import { get, put, synchronise, unbase64 } from "./files.js";
import { Repl } from "./repl.js";
import { BoardError, Serial } from "./serial.js";

const NAMES = "/names.txt";
const CHECKPOINT = "/esp32gpt.ckpt";
const TRIES = 3; // of a request whose answer came damaged, or not at all
const UNDERWAY = 1000; // milliseconds in which a request reaches the board, and a line the page
const OLDEST = [1, 23]; // the first MicroPython that loads our .mpy files
// The native code of a board, by the number in its sys.implementation._mpy.
const ARCHITECTURES = { 10: "xtensawin", 11: "rv32imc" };
const STEP = /^step:(\d+) loss:([\d.]+) avg:([\d.]+)(?: held:([\d.]+))? ms:([\d.]+) eta:\d+$/;

const IDENTIFY = `import sys, json
i = sys.implementation
print(json.dumps([list(i[1][:3]), getattr(i, "_machine", ""), getattr(i, "_mpy", 0)]))`;

const BEGIN = `from esp32gpt.gpt import GPT
from esp32gpt import modules, watch
from esp32gpt.checkpoint import can_resume
modules.borrow("chip", "set_highest_clock")
if not globals().get("gpt"):
    gpt = GPT.load() if can_resume() else GPT()`;

/** Events: as learn/tab.js, and `lost` when the board is gone, `said` (detail: text) for the
 * terminal while it has the line. */
export class Board extends EventTarget {
  #serial;
  #repl;
  #waiting = null; // {kind, since, lines, resolve} of a request while it trains
  #training = null; // the promise of a run
  #interrupted = null; // when Ctrl-C was sent to a run
  #queue = Promise.resolve(); // one thing at a time
  #steps = 0;
  typing = false; // whether the terminal has the line

  async connect(port) {
    const decoder = new TextDecoder();
    this.#serial = new Serial(
      port,
      (bytes) => {
        if (this.typing) this.#emit("said", { text: decoder.decode(bytes, { stream: true }) });
        else this.#repl.hear(bytes);
      },
      () => this.#lose("The board is gone: check its cable, and connect again."),
    );
    this.#repl = new Repl(this.#serial, () => {
      this.#serial.close();
      this.#lose("The board has restarted: connect again, and it goes on from its last save.");
    });
    await this.#serial.open();
    try {
      await this.#repl.enter();
      await this.#identify();
    } catch (error) {
      await this.#serial.close();
      throw error;
    }
  }

  async #identify() {
    const [version, machine, mpy] = JSON.parse(await this.#repl.exec(IDENTIFY));
    this.version = version.join(".");
    this.machine = machine;
    this.mpy = mpy & 255;
    this.architecture = ARCHITECTURES[(mpy >> 10) & 15] ?? "bytecode";
    if (version[0] < OLDEST[0] || (version[0] === OLDEST[0] && version[1] < OLDEST[1])) {
      throw new BoardError(
        `The board runs MicroPython ${this.version}, and this needs ${OLDEST.join(".")} or newer: install it below.`,
      );
    }
  }

  #lose(message) {
    this.#repl.lose(message);
    this.#emit("lost", { message });
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** Do one task after the other, because they share the line. Rejects while the terminal has it. */
  #inTurn(action) {
    const done = this.#queue.then(() => {
      if (this.typing) throw new BoardError("The terminal has the board: close it first.");
      return action();
    });
    this.#queue = done.catch(() => {});
    return done;
  }

  /** Return true if the board has a library that can answer the page. */
  hasLibrary() {
    const code = `try:
    from esp32gpt import watch
    print(hasattr(watch, "train"))
except (ImportError, ValueError):
    print(False)`;
    return this.#inTurn(async () => (await this.#repl.exec(code)).trim() === "True");
  }

  /**
   * Put the library, main.py and the names on the board. names: the bytes of a names.txt, or null
   * for those of the project; fresh: forget what the board has learned. onFile as in `synchronise`.
   */
  putFiles({ names, fresh, onFile }) {
    return this.#inTurn(async () => {
      const staged = await (await fetch(`board-${this.architecture}.json`)).json();
      if (staged.mpy !== this.mpy) {
        throw new BoardError(
          `The board's firmware loads .mpy files of version ${this.mpy}, and these have ${staged.mpy}: install a newer MicroPython below.`,
        );
      }
      const files = {};
      for (const [path, text] of Object.entries(staged.files)) files[path] = unbase64(text);
      if (names) {
        files[NAMES] = names;
        delete files["/names.alphabet"]; // the board finds it
      }
      await this.#repl.reset();
      const managed = fresh ? [...staged.managed, ...staged.checkpoints] : staged.managed;
      const changed = await synchronise(this.#repl, files, { ...staged, managed }, onFile);
      await this.#repl.reset(); // what is in memory is older
      return changed;
    });
  }

  /** Make sure that there is a model: the one in training, or the saved one, or a new one. */
  begin() {
    return this.#inTurn(() => this.#repl.exec(BEGIN));
  }

  /** As Tab.ask. */
  ask(request) {
    return this.#inTurn(async () => {
      for (let tries = 1; ; tries++) {
        const answer = await (this.#training
          ? this.#askWhileTraining(request)
          : this.#ask(request));
        if (answer?.kind === "error") throw new BoardError(answer.facts.message);
        if (answer) {
          if (answer.kind === "about") this.#steps = answer.facts.steps;
          return answer;
        }
        if (tries === TRIES)
          throw new BoardError("The board's answers arrive damaged: try another cable.");
      }
    });
  }

  async #ask(request) {
    const said = await this.#repl.exec(`watch.answer(gpt, ${JSON.stringify(request)})`);
    return parse(said.trimEnd().split("\n").at(-1));
  }

  async #askWhileTraining(request) {
    const [kind] = request.split(" ");
    const ended = this.#training.then(() => null);
    const answered = new Promise((resolve) => {
      this.#waiting = { kind, since: performance.now(), lines: 0, resolve };
    });
    await this.#repl.write(`${request}\n`);
    const answer = await Promise.race([answered, ended]);
    this.#waiting = null;
    // Training may have ended before the board read the request: then it would be code.
    if (!this.#training) await this.#repl.clear();
    return answer;
  }

  /** Train: to the end of the schedule, or `steps` more. Resolves when it has begun. */
  async run(steps) {
    if (this.#training) return;
    await this.#inTurn(() => {
      const code = `watch.train(gpt${steps ? `, ${steps}` : ""})`;
      let saved = true;
      return new Promise((onBegin) => {
        this.#training = this.#repl
          .exec(code, { onBegin, onLine: (line) => this.#hear(line) })
          .catch((error) => {
            saved = false;
            this.#emit("failed", { message: error.message });
          })
          .finally(() => {
            this.#training = null;
            this.#interrupted = null;
            this.#emit("stopped", { saved });
            onBegin();
          });
      });
    });
  }

  /** Handle a line that the board prints while it trains. */
  #hear(line) {
    if (line.startsWith("watch:")) {
      this.#hearAnswer(parse(line));
      return;
    }
    const match = STEP.exec(line);
    if (!match) {
      this.#emit("log", { line });
      return;
    }
    this.#missAnswer();
    if (this.#interrupted && performance.now() - this.#interrupted > UNDERWAY) this.#interrupt();
    const [step, loss, avg, held, ms] = match.slice(1).map((text) => (text ? Number(text) : null));
    const speed = 1000 / Math.max(ms, 0.1);
    this.#emit("progress", { step, steps: this.#steps, losses: [loss], avg, held, speed });
  }

  #hearAnswer(answer) {
    // An answer to an earlier try may come late; a damaged one says nothing of its kind.
    const kinds = [this.#waiting?.kind, "error", undefined];
    if (kinds.includes(answer?.kind)) this.#waiting?.resolve(answer);
  }

  /** Give up a request at a line of progress if it was lost: the board answers before its next line,
   * however long a step takes. */
  #missAnswer() {
    const waiting = this.#waiting;
    if (!waiting || performance.now() - waiting.since < UNDERWAY) return;
    waiting.lines++;
    if (waiting.lines > 1) waiting.resolve(null);
  }

  /** Stop training; the board saves the model. */
  async pause() {
    if (!this.#training) return;
    await this.#interrupt();
    await this.#training;
  }

  #interrupt() {
    this.#interrupted = performance.now();
    return this.#repl.interrupt();
  }

  /** Return the bytes of a checkpoint of the model. */
  save() {
    return this.#inTurn(async () => {
      await this.#needFiles();
      await this.#repl.exec("gpt.save()");
      return get(this.#repl, CHECKPOINT);
    });
  }

  /** Return the SHA-256, in hexadecimal, of the names on the board. */
  namesDigest() {
    return this.#inTurn(async () => {
      await this.#needFiles();
      return (await this.#repl.exec(`print(digest("${NAMES}"))`)).trim();
    });
  }

  /** Return the names on the board, as the bytes of a names.txt. */
  names() {
    return this.#inTurn(async () => {
      await this.#needFiles();
      return get(this.#repl, NAMES);
    });
  }

  /** Go on with a checkpoint, and with these names: exactly as where it comes from. */
  load(checkpoint, names) {
    return this.#inTurn(async () => {
      await this.#repl.reset(); // the model that it has needs the memory
      await this.#needFiles();
      if (names) {
        await put(this.#repl, NAMES, names);
        const old = `try:\n    os.remove("/names.alphabet")\nexcept OSError:\n    pass`;
        await this.#repl.exec(`import os\n${old}`);
      }
      await put(this.#repl, CHECKPOINT, checkpoint);
      await this.#repl.reset();
      await this.#repl.exec(BEGIN);
    });
  }

  /** Define the functions of tools/onboard/files.py on the board. */
  async #needFiles() {
    const staged = await (await fetch(`board-${this.architecture}.json`)).json();
    await this.#repl.exec(staged.onboard);
  }

  /** Give the line to the terminal, or take it back. */
  async type(typing) {
    await this.pause();
    if (typing === this.typing) return;
    if (typing) {
      await this.#inTurn(() => {
        this.typing = true;
        return this.#repl.leave();
      });
    } else {
      this.typing = false;
      await this.#inTurn(() => this.#repl.enter());
    }
  }

  /** Send text that was typed at the terminal. */
  send(text) {
    return this.#repl.write(text);
  }

  /** Restart the board, which then runs main.py alone. */
  async disconnect() {
    try {
      await this.pause();
      await this.#repl.leave();
      await this.#repl.write("\x04");
    } catch {
      // It is gone already.
    }
    await this.#serial.close();
  }

  /** Close the port and leave the board as it is. */
  close() {
    return this.#serial.close();
  }
}
