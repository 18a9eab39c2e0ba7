// A board over Web Serial once more, now an emulated ESP32 with stock MicroPython, or its boot ROM:
// ESP32GPT_FIRMWARE is a MicroPython .bin file, QEMU an emulator that knows its chip.

import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@playwright/test";
import { expectAttention, expected, open, picture, python, root, saved, test } from "./page.js";
import { FakeSerial } from "./serial.js";

const WORD = "isabella";
const PATIENT = { timeout: 600_000 }; // an emulator may be a hundred times slower than a chip
const firmware = process.env.ESP32GPT_FIRMWARE?.split(":")[0];

test.skip(!firmware, "no emulator: set ESP32GPT_FIRMWARE to a MicroPython .bin file, and QEMU");
test.setTimeout(1_500_000);

let chip; // the emulator's process
let board;
test.afterEach(() => stop());

async function start(page, image, ...flags) {
  const script = join(root, "tools/web/tests/emulated.py");
  chip = spawn(python, [script, firmware, image, ...flags], { stdio: ["pipe", "pipe", "inherit"] });
  const port = await new Promise((resolve, reject) => {
    chip.stdout.once("data", (line) => resolve(line.toString().trim()));
    chip.once("exit", () => reject(new Error("the emulator does not start")));
  });
  board = FakeSerial.at(page, port);
  return board;
}

async function stop() {
  board?.close();
  if (chip?.exitCode === null) {
    const ended = new Promise((resolve) => chip.once("exit", resolve));
    chip.stdin.end();
    await ended;
  }
}

const image = () => join(mkdtempSync(join(tmpdir(), "esp32gpt-")), "flash.bin");
const boardStep = (page) => page.evaluate(() => Number(document.documentElement.dataset.boardStep));

/** Attention as the views show it, against CPython's from the board's own checkpoint. */
async function holds(page) {
  await page.fill("#word", WORD);
  await expect(page.locator(".letter")).toHaveCount(WORD.length + 1, PATIENT);
  const truth = expected(await saved(page, "#board-save"), WORD);
  await expectAttention(page, truth);
  return truth;
}

test("an emulated chip gets files, trains, is watched, invents and saves", async ({ page }) => {
  await (await start(page, image())).install();
  await open(page);
  await page.click("#board-connect");
  await expect(page.locator("#board-state")).toContainText("not on it yet", PATIENT);
  await page.click("#board-put");
  await expect(page.locator("#board-state")).toContainText("fpu engine", PATIENT);
  await page.click("#board-run");
  await page.waitForFunction(
    () => Number(document.documentElement.dataset.boardStep) >= 150,
    null,
    PATIENT,
  );
  await page.fill("#prompt", "ma");
  await page.click("#invent");
  await expect(page.locator("#invented li span").first()).toHaveText(/^ma/, PATIENT);
  await page.click("#board-run");
  await expect(page.locator("#board-state")).toContainText("saved what it learned", PATIENT);
  const truth = await holds(page);
  expect(truth.step).toBe(await boardStep(page));
  expect(Number(await page.textContent("#f-avg"))).toBeLessThan(3.1);
  await picture(page, "chip", { fullPage: true });
});

test("the boot ROM takes MicroPython and our files, and the chip trains", async ({
  page,
  context,
}) => {
  const path = image();
  await (await start(page, path, "--bootloader")).install();
  await open(page);
  await page.click("#flash summary");
  await page.setInputFiles("#flash-file", firmware);
  await expect(page.locator("#flash-said")).toContainText("SHA-256");
  await page.check("#flash-held");
  await page.click("#flash-go");
  const outcome = page.locator("#board-state:has-text('installed'), #board-problem:visible");
  await expect(outcome).not.toHaveCount(0, PATIENT);
  await expect(page.locator("#board-problem")).toHaveText("");
  await page.close();
  await stop();

  const after = await context.newPage(); // the EN button
  await (await start(after, path)).install();
  await open(after);
  await after.click("#board-connect");
  await expect(after.locator("#board-state")).toContainText("fpu engine", PATIENT);
  await after.click("#board-run");
  await after.waitForFunction(
    () => Number(document.documentElement.dataset.boardStep) >= 50,
    null,
    PATIENT,
  );
  await after.click("#board-run");
  await expect(after.locator("#board-state")).toContainText("saved what it learned", PATIENT);
  await holds(after);
});
