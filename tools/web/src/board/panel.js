// The part of the page for boards: connect, copy files, train, move the model between tab and board,
// use the terminal, and install MicroPython.

import { $, complain, make } from "../dom.js";
import { Board } from "./board.js";
import { sha256 } from "./files.js";
import { inspect } from "./firmware.js";
import { choosePort } from "./serial.js";

const REFRESH = 1500; // milliseconds between two pictures: each costs the board half a second

/**
 * page: what the rest of the page offers: show (the views), list() → the list chosen there,
 * listWith(digest)
 * and addBoardList(names), saveTab() and openInTab(bytes, list), download(bytes, name).
 */
export function start(page) {
  let board = null;
  let terminal = null;
  let firmware = null; // {bytes, chip, …} chosen to be installed
  let chips = [];

  const state = (sentence) => {
    $("board-state").textContent = sentence;
  };

  function buttons(busy = false) {
    const has = (flag) => board?.[flag];
    $("board-connect").textContent = board ? "Disconnect" : "Connect a board";
    $("board-connect").disabled = busy;
    $("board-tools").hidden = !board;
    $("board-run").textContent = has("running") ? "Pause the board" : "Learn on the board";
    for (const id of ["run", "names", "send", "fetch", "save", "open"]) {
      $(`board-${id}`).disabled = busy || !has("model");
    }
    $("board-put").disabled = busy || !board;
    const next = !board ? "connect" : has("model") ? "run" : "put"; // what most want to do
    for (const id of ["connect", "run", "put"]) {
      $(`board-${id}`).classList.toggle("primary", id === next);
      $(`board-${id}`).classList.toggle("quiet", id !== next);
    }
    $("flash-go").disabled = busy || !firmware;
  }

  /** Do something with the board; show a failure as a sentence. */
  async function attempt(action) {
    complain($("board-problem"), null);
    buttons(true);
    try {
      await action();
    } catch (error) {
      complain($("board-problem"), error.message);
    }
    buttons();
  }

  async function connect() {
    const port = await choosePort();
    if (!port) return;
    const found = new Board();
    listen(found);
    state("Connecting…");
    try {
      await found.connect(port);
    } catch (error) {
      state("");
      throw error;
    }
    board = found;
    board.port = port;
    await ready();
  }

  /** Let the views show the board's model, if there is one. */
  async function ready() {
    const who = `${board.machine || "a board"}, MicroPython ${board.version}`;
    if (!(await board.hasLibrary())) {
      state(`Connected: ${who}. The library is not on it yet.`);
      return;
    }
    state("The board makes its model ready…");
    await board.begin();
    board.model = true;
    await attach();
    state(`Connected: ${who}, ${board.about.engine} engine.`);
  }

  const isShown = () => page.show.source === board;

  async function attach() {
    board.about = await page.show.attach(board, "the board");
    page.show.interval = REFRESH;
  }

  function reached(step) {
    board.about.step = step;
    document.documentElement.dataset.boardStep = step;
  }

  /** Show where the board's model is, which may have gone on without the page. */
  async function catchUp() {
    const { step } = (await board.ask("about")).facts;
    reached(step);
    if (isShown()) await page.show.reached(step);
  }

  function listen(found) {
    const now = (handler) => async (event) => {
      if (found !== board) return;
      try {
        await handler(event.detail);
      } catch (error) {
        complain($("board-problem"), error.message);
      }
    };
    found.addEventListener(
      "progress",
      now((detail) => {
        reached(detail.step);
        if (isShown()) page.show.progress({ ...detail, steps: board.about.steps });
      }),
    );
    found.addEventListener(
      "stopped",
      now(async ({ saved }) => {
        board.running = false;
        buttons();
        if (!board.model) return;
        state(`The board has stopped${saved ? " and saved what it learned" : ""}.`);
        await catchUp(); // it has done some steps since the last line that it printed
        const names = board.about.step.toLocaleString("en");
        if (saved) state(`The board has read ${names} names and saved what it learned.`);
      }),
    );
    found.addEventListener(
      "failed",
      now(({ message }) => complain($("board-problem"), message)),
    );
    found.addEventListener(
      "lost",
      now(({ message }) => {
        complain($("board-problem"), message);
        board = null;
        state("");
        buttons();
      }),
    );
    found.addEventListener("said", ({ detail }) => terminal?.write(detail.text));
  }

  $("board-connect").addEventListener("click", () =>
    attempt(async () => {
      if (!board) return connect();
      const leaving = board;
      board = null;
      await leaving.disconnect();
      state("Disconnected. The board goes on alone.");
    }),
  );

  async function put(names) {
    board.model = false;
    const changed = await board.putFiles({
      names,
      fresh: names !== null,
      onFile: (path, i, n) => state(`Copying ${path} (${i} of ${n})`),
    });
    state(`${changed} files copied.`);
    await ready();
  }
  $("board-put").addEventListener("click", () => attempt(() => put(null)));
  $("board-names").addEventListener("click", () =>
    attempt(async () => put((await page.list()).names)),
  );

  $("board-run").addEventListener("click", () =>
    attempt(async () => {
      if (board.running) {
        state("The board stops, and saves what it has learned…");
        return board.pause();
      }
      if (!isShown()) await attach();
      const done = board.about.step >= board.about.steps;
      if (done) board.about.steps = board.about.step + 1000;
      board.running = true;
      state("The board learns. Its own serial lines draw the curve.");
      await board.run(done ? 1000 : undefined);
    }),
  );

  $("board-save").addEventListener("click", () =>
    attempt(async () => page.download(await saved(), "esp32gpt.ckpt")),
  );
  async function saved() {
    await board.pause();
    state("Reading the board's model…");
    const bytes = await board.save();
    state(`The board's model: ${bytes.length.toLocaleString("en")} bytes.`);
    return bytes;
  }
  $("board-fetch").addEventListener("click", () =>
    attempt(async () => {
      const bytes = await saved();
      state("Reading the board's names…");
      const known = await page.listWith(await board.namesDigest());
      await page.openInTab(bytes, known ?? page.addBoardList(await board.names()));
      state("The tab goes on with the board's model and its names.");
    }),
  );

  async function load(bytes, names) {
    await board.pause();
    state("Sending the model…");
    await board.load(bytes, names);
    await attach();
    state(`The board goes on after ${board.about.step.toLocaleString("en")} names.`);
  }
  $("board-send").addEventListener("click", () =>
    attempt(async () => load(await page.saveTab(), (await page.list()).names)),
  );
  $("board-open").addEventListener("click", () => $("file-board").click());
  $("file-board").addEventListener("change", ({ target }) => {
    const [file] = target.files;
    target.value = "";
    if (file) attempt(async () => load(new Uint8Array(await file.arrayBuffer()), null));
  });

  $("terminal").addEventListener("toggle", () =>
    attempt(async () => {
      const { open } = $("terminal");
      if (!terminal) {
        const { BoardTerminal } = await import("./terminal.js");
        terminal = new BoardTerminal(
          $("terminal-screen"),
          (text) => board?.typing && board.send(text),
        );
      }
      if (open) terminal.open();
      if (!board) return;
      await board.type(open);
      if (open || !board.model) return;
      await board.begin(); // who typed may have started the board anew
      await catchUp();
    }),
  );

  async function chooseFirmware(bytes, name) {
    firmware = null;
    const found = inspect(bytes, chips);
    firmware = { bytes, ...found };
    const digest = await sha256(bytes);
    const mb = (bytes.length / 1e6).toFixed(1);
    $("flash-said").textContent = `${name}: for ${found.chip.title}, ${mb} MB, SHA-256 ${digest}`;
  }
  $("flash-file").addEventListener("change", ({ target }) => {
    const [file] = target.files;
    if (file)
      attempt(async () => chooseFirmware(new Uint8Array(await file.arrayBuffer()), file.name));
  });
  $("flash-go").addEventListener("click", () =>
    attempt(async () => {
      const port = board?.port ?? (await choosePort());
      if (!port) return;
      await board?.close();
      board = null;
      const { flash } = await import("./flash.js");
      const response = await fetch(`files-${firmware.chip.architecture}.bin`);
      const files = new Uint8Array(await response.arrayBuffer());
      const reset = !$("flash-held").checked;
      const progress = (part, text) => {
        $("flash-progress").value = part;
        state(`${text}: ${Math.round(100 * part)} %`);
      };
      const whole = await flash(port, firmware, files, progress, reset);
      const next = reset ? "connect it" : "press its EN (reset) button, and connect it";
      const rest = whole ? "" : ", and put the library on it";
      state(`MicroPython is installed: ${next}${rest}.`);
    }),
  );

  async function prepare() {
    chips = await (await fetch("chips.json")).json();
    for (const { file, title } of await (await fetch("firmware.json")).json()) {
      const button = make("button", { type: "button", className: "quiet small" }, title);
      button.addEventListener("click", () =>
        attempt(async () =>
          chooseFirmware(new Uint8Array(await (await fetch(file)).arrayBuffer()), title),
        ),
      );
      $("flash-offered").append(button);
    }
  }

  buttons();
  prepare();
}
