// A board over Web Serial: here MicroPython on this machine, behind a stand-in for navigator.serial.

import { expect } from "@playwright/test";
import { expectAttention, expected, learn, open, picture, saved, test } from "./page.js";
import { FakeSerial } from "./serial.js";

const WORD = "isabella";
const SLOW = { timeout: 120_000 };

test.describe.configure({ timeout: 400_000 });

let board;
test.afterEach(async ({ page: _ }, info) => {
  board?.close();
  if (info.status !== info.expectedStatus) await info.attach("board", { body: board?.heard });
});

async function connected(page) {
  board = FakeSerial.fake(page);
  await board.install();
  await open(page);
  await page.click("#board-connect");
  await expect(page.locator("#board-state")).toContainText("Connected", SLOW);
}

/** Connected, with the library on it, and a model that has read nothing yet. */
async function ready(page) {
  await connected(page);
  await page.click("#board-put");
  await expect(page.locator("#board-state")).toContainText("engine", SLOW);
}

const boardStep = (page) => page.evaluate(() => Number(document.documentElement.dataset.boardStep));

test("files go to a board, it trains, and the views show it", async ({ page }) => {
  await connected(page);
  await expect(page.locator("#board-state")).toContainText("The library is not on it yet");
  await page.click("#board-put");
  await expect(page.locator("#board-state")).toContainText("reference engine", SLOW);
  await expect(page.locator("#shown")).toHaveText("showing the board");

  await page.click("#board-run");
  await page.waitForFunction(() => Number(document.documentElement.dataset.boardStep) >= 20, SLOW);
  // While it trains, the views ask, and it answers and goes on.
  await page.fill("#word", WORD);
  await expect(page.locator(".letter")).toHaveCount(WORD.length + 1);
  const before = await boardStep(page);
  await page.waitForFunction(
    (step) => Number(document.documentElement.dataset.boardStep) > step,
    before,
    SLOW,
  );
  await page.click("#invent");
  await expect(page.locator("#invented li")).not.toHaveCount(0, SLOW);

  await page.click("#board-run");
  await expect(page.locator("#board-state")).toContainText("saved what it learned", SLOW);
  await expect(page.locator("#f-avg")).toHaveText(/^\d\.\d{3}$/);
  await picture(page, "board", { fullPage: true });

  const truth = expected(await saved(page, "#board-save"), WORD);
  expect(truth.step).toBe(await boardStep(page));
  await expectAttention(page, truth);
});

test("a model goes from the tab to a board and back, exactly", async ({ page }) => {
  await ready(page);
  await page.click("#run"); // the tab's
  await expect(page.locator("#shown")).toBeHidden();
  await page.selectOption("#pace", "Infinity");
  await page.waitForSelector('html[data-done="true"]');
  const there = expected(await saved(page), WORD);

  await page.click("#board-send");
  await expect(page.locator("#board-state")).toContainText("goes on after 1,000 names", SLOW);
  const onBoard = expected(await saved(page, "#board-save"), WORD);
  expect(onBoard.weights).toEqual(there.weights);
  expect(onBoard.moments).toEqual(there.moments);

  await page.click("#board-run");
  await page.waitForFunction(() => Number(document.documentElement.dataset.boardStep) > 1000, SLOW);
  await page.click("#board-run");
  await expect(page.locator("#board-state")).toContainText("saved what it learned", SLOW);
  const taught = expected(await saved(page, "#board-save"), WORD);
  expect(taught.step).toBeGreaterThan(1000);

  // The tab has learned from another list meanwhile.
  await page.click("#own");
  await page.fill("#own-text", "amsterdam\nkairo\n");
  await page.click("#own-use");
  await expect(page.locator("#state")).toContainText("2 names of your list");
  await page.click("#board-fetch");
  await expect(page.locator("#board-state")).toContainText("The tab goes on", SLOW);
  await expect(page.locator("#list option:checked")).toHaveText(/^Given names/);
  await expect(page.locator("#state")).toContainText(/goes on after [\d,]+ names/);
  const back = expected(await saved(page), WORD);
  expect(back.step).toBe(taught.step);
  expect(back.weights).toEqual(taught.weights);
});

test("split reads and lost bytes delay it, and change nothing", async ({ page }) => {
  await connected(page);
  board.pieces = 7;
  board.dropTo = 9973;
  await page.click("#board-put");
  const outcome = page.locator("#board-state:has-text('engine'), #board-problem:visible");
  await expect(outcome).not.toHaveCount(0, { timeout: 200_000 });
  await expect(page.locator("#board-problem")).toHaveText("");
  expect(board.lostTo).toBeGreaterThan(3);
  board.dropTo = 0;
  board.drop = 2999;
  await page.fill("#word", WORD);
  await expect(page.locator(".letter")).toHaveCount(WORD.length + 1, SLOW);
});

test("a cable that is pulled is one sentence, and connecting again goes on", async ({ page }) => {
  await connected(page);
  const copying = page.click("#board-put");
  await expect(page.locator("#board-state")).toContainText("Copying", SLOW);
  await board.unplug();
  await expect(page.locator("#board-problem")).toContainText("The board is gone");
  await copying;
  await expect(page.locator("#board-connect")).toHaveText("Connect a board");
  await learn(page); // the tab does not care
});

/** Ready, and in training. */
async function training(page) {
  await ready(page);
  await page.click("#board-run");
  await page.waitForFunction(() => Number(document.documentElement.dataset.boardStep) > 5, SLOW);
}

test("a board that stops is said to have stopped, also if it is silent then", async ({ page }) => {
  await training(page);
  await page.click("#board-run");
  await expect.poll(() => board.heard, SLOW).toContain("stopped after step");
  board.deaf = true; // it saves now
  await expect(page.locator("#board-state")).toContainText("has stopped and saved", SLOW);
  await expect(page.locator("#board-problem")).toContainText("does not answer", SLOW);
});

test("requests and a Ctrl-C that are lost are sent again", async ({ page }) => {
  await training(page);
  board.deaf = true;
  await page.fill("#word", "anna");
  await page.waitForTimeout(300);
  board.deaf = false;
  await expect(page.locator(".letter")).toHaveCount(5, SLOW);
  board.deaf = true;
  await page.click("#board-run");
  await page.waitForTimeout(300);
  board.deaf = false;
  await expect(page.locator("#board-state")).toContainText("saved what it learned", SLOW);
});

test("a board that restarts is one sentence, and connecting again goes on", async ({ page }) => {
  await training(page);
  board.reset();
  await expect(page.locator("#board-problem")).toContainText("The board has restarted");
  await page.click("#board-connect");
  await expect(page.locator("#board-state")).toContainText("not on it yet", SLOW);
});

test("a busy port is one sentence", async ({ page }) => {
  board = FakeSerial.fake(page);
  await board.install();
  board.busy = true;
  await open(page);
  await page.click("#board-connect");
  await expect(page.locator("#board-problem")).toContainText("in use by another program");
});

test("a browser without Web Serial is one sentence", async ({ page }) => {
  await page.addInitScript(
    () =>
      Object.defineProperty(Navigator.prototype, "serial", { value: undefined }) &&
      delete Navigator.prototype.serial,
  );
  await open(page);
  await page.click("#board-connect");
  await expect(page.locator("#board-problem")).toContainText("cannot reach a serial port");
});

test("the terminal is the board's Python", async ({ page }) => {
  await ready(page);
  await page.click("#terminal summary");
  await page.locator("#terminal-screen textarea").focus();
  await page.keyboard.type("gpt.trainer.step + 41\r");
  await expect(page.locator("#terminal-screen")).toContainText("41", SLOW);
  await page.click("#terminal summary");
  await page.click("#invent");
  await expect(page.locator("#invented li")).not.toHaveCount(0, SLOW);
});
