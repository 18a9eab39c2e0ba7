// Installing MicroPython with esptool-js, on a program that plays the bootloader of a chip.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "@playwright/test";
import { open, python, root, test } from "./page.js";
import { FakeSerial } from "./serial.js";

let bootloader;
let board;
test.afterEach(() => {
  board?.close();
  bootloader?.kill();
});

/** A page whose port leads to the bootloader of that chip. */
async function at(page, chip) {
  const program = join(dirname(python), "esp32-mock-bootloader");
  // Without the last option it forgets three seconds after a file that Espressif's stub runs.
  bootloader = spawn(program, ["run", "--pty", "--chip", chip, "--exit-on-disconnect"]);
  const port = await new Promise((resolve) => {
    bootloader.stdout.once("data", (line) => resolve(line.toString().split("\n")[0].trim()));
  });
  board = FakeSerial.at(page, port);
  await board.install();
  await open(page);
  await page.click("#flash summary");
  await page.check("#flash-held");
}

/** The path of a firmware file for that chip, whole in all that a flasher looks at. */
function firmware(chip) {
  const path = join(mkdtempSync(join(tmpdir(), "esp32gpt-")), "firmware.bin");
  const code = `import sys
from host_tests.support.firmware import make_firmware
open(sys.argv[2], "wb").write(make_firmware(sys.argv[1]))`;
  execFileSync(python, ["-c", code, chip, path], { cwd: root });
  return path;
}

async function install(page, file) {
  await page.setInputFiles("#flash-file", file);
  await expect(page.locator("#flash-said")).toContainText("SHA-256");
  await page.click("#flash-go");
}

for (const chip of ["esp32", "esp32c3"]) {
  test(`firmware and files are written and verified: ${chip}`, async ({ page }) => {
    await at(page, chip);
    await install(page, firmware(chip));
    const outcome = page.locator("#board-state:has-text('installed'), #board-problem:visible");
    await expect(outcome).not.toHaveCount(0, { timeout: 50_000 });
    await expect(page.locator("#board-problem")).toHaveText("");
    await expect(page.locator("#board-state")).not.toContainText("put the library on it");
  });
}

test("a firmware for another chip is refused before anything is erased", async ({ page }) => {
  await at(page, "esp32c3");
  await install(page, firmware("esp32"));
  await expect(page.locator("#board-problem")).toContainText(
    "The board has an ESP32-C3, and the firmware is for ESP32",
    { timeout: 50_000 },
  );
});

test("a file that is no firmware is refused in a sentence", async ({ page }) => {
  await open(page);
  await page.click("#flash summary");
  const file = { name: "a.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(99) };
  await page.setInputFiles("#flash-file", file);
  await expect(page.locator("#board-problem")).toContainText("This file is no firmware");
  await expect(page.locator("#flash-go")).toBeDisabled();
});

test("a board that is not in its bootloader is told how to get there", async ({ page }) => {
  board = new FakeSerial(page, ["sleep", "600"]);
  await board.install();
  await open(page);
  await page.click("#flash summary");
  await page.check("#flash-held");
  await install(page, firmware("esp32"));
  await expect(page.locator("#board-problem")).toContainText("hold its BOOT button", {
    timeout: 50_000,
  });
});
