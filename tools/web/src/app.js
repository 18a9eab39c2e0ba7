// The page: the controls of the model in the tab, and of the page as a whole.

import { sha256 } from "./board/files.js";
import * as board from "./board/panel.js";
import { $, complain, make } from "./dom.js";
import { prepare } from "./learn/names.js";
import { Tab } from "./learn/tab.js";
import { Show } from "./show.js";
import * as theme from "./theme.js";

const CITIES = "cities.txt";
// Milliseconds between two pictures of the weights: drawing takes time from learning.
const REFRESH = 180;
const REFRESH_AT_FULL_PACE = 400;
const PRESETS = { tiny: "Tiny", default: "Normal", large: "Larger" };

theme.start();
const show = new Show();
const tab = new Tab();
const lists = []; // {title, file, or prepared names}
let running = false;
let busy = false; // with something that the reader asked for
let about = null;
let learned = {}; // the choices that the model was made with: {list, preset}
let before = null; // {bytes, list, preset, read}: the model that a new one has replaced

function state(sentence) {
  $("state").textContent = sentence;
}

function buttons() {
  const done = about && about.step >= about.steps;
  $("run").textContent = running
    ? "Pause"
    : done
      ? `Learn ${asked().toLocaleString("en")} more`
      : about?.step
        ? "Go on"
        : "Learn";
  for (const id of ["run", "again", "save", "open", "back"]) $(id).disabled = !about || busy;
  $("back").hidden = !before;
  if (before) $("back").textContent = `Back to the model of ${before.read} names`;
}

/** Return the number of names that the reader asks for. */
const asked = () => Number($("steps").value);

function checkNumber() {
  if (!$("steps").checkValidity())
    throw new Error("“Names it reads” is a number from 1 to 1,000,000: write 1000.");
}

/** Do something; if it is refused, show the sentence that says why. */
async function attempt(action) {
  complain($("problem"), null);
  busy = true;
  buttons();
  try {
    return await action();
  } catch (error) {
    complain($("problem"), error.message);
    return null;
  } finally {
    busy = false;
    buttons();
  }
}

const fetchBytes = async (file) => new Uint8Array(await (await fetch(file)).arrayBuffer());

/** Return the bytes of a list's names.txt. */
async function namesOf(list) {
  list.names ??= await fetchBytes(list.file);
  return list.names;
}

/** Return the chosen list, with its names. */
async function chosenList() {
  const list = lists[$("list").value];
  await namesOf(list);
  return list;
}

/** Return the number of the list whose names have this SHA-256, or null. */
async function listWith(digest) {
  for (const [i, list] of lists.entries()) {
    if ((await sha256(await namesOf(list))) === digest) return i;
  }
  return null;
}

/** Make a new model with the chosen list and size. One that has learned can be brought back. */
async function begin() {
  checkNumber();
  const list = await chosenList();
  await tab.pause();
  const old = about?.step
    ? { ...learned, bytes: await tab.save(), read: about.step.toLocaleString("en") }
    : before;
  const found = await tab.begin(list.names, { preset: $("preset").value, steps: asked() });
  before = old;
  learned = { list: $("list").value, preset: $("preset").value };
  running = false;
  await attached();
  state(`${list.says ?? described(list, found)}. It has not read any of them yet.`);
}

/** Say how many names the library found in the reader's own list. */
function described({ from, guessed }, { lines, names }) {
  const left = lines - names;
  return [
    `${names.toLocaleString("en")} names of ${from}`,
    left && `${left.toLocaleString("en")} ${left === 1 ? "line was" : "lines were"} left out`,
    guessed && `read as ${guessed}`,
  ]
    .filter(Boolean)
    .join(", ");
}

async function attached() {
  about = await show.attach(tab, "this tab");
  setPace();
  $("progress").max = about.steps;
  $("progress").value = about.step;
  document.documentElement.dataset.step = about.step;
  document.documentElement.dataset.done = false;
}

function addList(list) {
  lists.push(list);
  $("list").append(make("option", { value: lists.length - 1 }, list.title));
  return lists.length - 1;
}

/** Learn from the bytes of a file or a text field. */
async function useOwn(bytes, from) {
  const { bytes: names, guessed } = prepare(bytes);
  const before = $("list").value;
  $("list").value = addList({ title: from, from, names, guessed });
  try {
    await begin();
    $("own-panel").hidden = true;
    $("own").setAttribute("aria-expanded", "false");
  } catch (error) {
    $("list").lastChild.remove();
    lists.pop();
    $("list").value = before;
    throw new Error(error.message.replace(/^names\.txt/, from));
  }
}

tab.addEventListener("progress", ({ detail }) => {
  about.step = detail.step;
  about.steps = detail.steps;
  $("progress").max = detail.steps;
  $("progress").value = detail.step;
  document.documentElement.dataset.step = detail.step;
  if (show.source === tab) show.progress(detail);
});

tab.addEventListener("stopped", async () => {
  running = false;
  buttons();
  const done = about.step >= about.steps;
  const names = about.step.toLocaleString("en");
  state(
    done
      ? `It has read ${names} names. Try the sliders, or type a name below.`
      : `Paused after ${names} names.`,
  );
  if (show.source === tab) {
    show.ended();
    await show.refresh();
    if (done) await show.invent(8);
  }
  document.documentElement.dataset.done = done;
});

tab.addEventListener("failed", ({ detail }) => complain($("problem"), detail.message));

$("run").addEventListener("click", () =>
  attempt(async () => {
    if (running) {
      await tab.pause();
      return;
    }
    checkNumber();
    if (show.source !== tab) await attached();
    if (!about.step && asked() !== about.steps) await begin();
    if (about.step >= about.steps) await tab.extend(asked());
    running = true;
    document.documentElement.dataset.done = false;
    state("It reads, guesses, and is corrected…");
    await tab.run();
  }),
);
$("again").addEventListener("click", () => attempt(begin));
for (const id of ["list", "preset"]) $(id).addEventListener("change", () => attempt(begin));
$("steps").addEventListener("input", buttons);
$("back").addEventListener("click", () =>
  attempt(async () => {
    const { bytes, list, preset } = before;
    $("preset").value = preset;
    await openModel(bytes, list);
    before = null;
  }),
);
$("pace").addEventListener("change", setPace);

function setPace() {
  const pace = Number($("pace").value);
  show.interval = Number.isFinite(pace) ? REFRESH : REFRESH_AT_FULL_PACE;
  return tab.pace(pace);
}

$("own").addEventListener("click", () => {
  $("own-panel").hidden = !$("own-panel").hidden;
  $("own").setAttribute("aria-expanded", !$("own-panel").hidden);
  if (!$("own-panel").hidden) $("own-text").focus();
});
$("own-use").addEventListener("click", () =>
  attempt(() => useOwn(new TextEncoder().encode($("own-text").value), "your list")),
);
$("own-cities").addEventListener("click", () =>
  attempt(async () => {
    $("own-text").value = new TextDecoder().decode(await fetchBytes(CITIES));
  }),
);
$("own-file").addEventListener("click", () => $("file-names").click());
$("file-names").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  target.value = "";
  if (file) attempt(async () => useOwn(new Uint8Array(await file.arrayBuffer()), file.name));
});

let dragged = 0;
const drop = (change) => {
  dragged = change === 0 ? 0 : dragged + change;
  $("drop").classList.toggle("on", dragged > 0);
};
addEventListener("dragenter", () => drop(1));
addEventListener("dragleave", () => drop(-1));
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  drop(0);
  const [file] = event.dataTransfer.files;
  if (!file) return;
  attempt(async () => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    await (file.name.endsWith(".ckpt") ? openModel(bytes) : useOwn(bytes, file.name));
  });
});

/** Let the reader save bytes as a file. */
function download(bytes, name) {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** Go on with a checkpoint, and with the list of that number, by default the chosen one. */
async function openModel(bytes, number = $("list").value) {
  await tab.pause();
  $("list").value = number;
  const list = await chosenList();
  const said = await tab.resume(list.names, bytes);
  learned = { list: number, preset: $("preset").value };
  running = false;
  await attached();
  state(
    said.includes("changed")
      ? "The model goes on with the names chosen here, which are not those it began with."
      : `The model goes on after ${about.step.toLocaleString("en")} names.`,
  );
}

$("save").addEventListener("click", () =>
  attempt(async () => download(await tab.save(), "esp32gpt.ckpt")),
);
$("open").addEventListener("click", () => $("file-model").click());
$("file-model").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  target.value = "";
  if (file) attempt(async () => openModel(new Uint8Array(await file.arrayBuffer())));
});

async function boot() {
  const [presets, found] = await Promise.all([tab.boot(), (await fetch("lists.json")).json()]);
  for (const [name, title] of Object.entries(PRESETS)) {
    if (!(name in presets)) continue;
    const hundreds = Math.round(presets[name].parameters / 100) * 100;
    const text = `${title} (about ${hundreds.toLocaleString("en")})`;
    $("preset").append(make("option", { value: name }, text));
  }
  $("preset").value = "default";
  for (const list of found) addList({ ...list, says: list.title });
  await setPace();
  await begin();
}

board.start({
  show,
  list: chosenList,
  listWith,
  addBoardList: (names) => addList({ title: "The board's list", from: "the board's list", names }),
  saveTab: () => tab.save(),
  openInTab: openModel,
  download,
});
attempt(boot).then(() => {
  document.documentElement.dataset.ready = true;
});
navigator.serviceWorker?.register("offline.js").catch(() => {}); // not over plain http
