// What all tests of the page share: a page that may not complain, and CPython's numbers.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test as base, expect } from "@playwright/test";

const here = fileURLToPath(new URL(".", import.meta.url));
export const root = join(here, "../../..");
export const python = process.env.PYTHON ?? "python3";
export const pictures = join(root, "build/web/pictures");

/** A `page` that fails its test if it says anything on the console. */
export const test = base.extend({
  page: async ({ page }, use) => {
    const complaints = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await use(page);
    expect(complaints).toEqual([]);
  },
});

/** Open the page and wait until there is a model. */
export async function open(page, address = "/") {
  await page.goto(address);
  await page.waitForSelector("html[data-ready]");
}

/** Let the model in the tab learn to its end, as fast as it can. */
export async function learn(page) {
  await page.selectOption("#pace", "Infinity");
  await page.click("#run");
  await page.waitForSelector('html[data-done="true"]');
}

/** The bytes of the model that the page offers to save. */
export async function saved(page, button = "#save") {
  const download = page.waitForEvent("download");
  await page.click(button);
  return (await download).path();
}

/** What CPython finds in a checkpoint: see expected.py. */
export function expected(checkpoint, word) {
  const said = execFileSync(python, [join(here, "expected.py"), checkpoint, word], {
    env: { ...process.env, PYTHONPATH: join(root, "firmware") },
  });
  return JSON.parse(said);
}

/** The attention that is shown: for each head its squares, row after row, from 0 to 1. */
function shownAttention(page) {
  return page.locator("#heads svg").evaluateAll((heads) =>
    heads.map((head) => {
      const squares = [...head.querySelectorAll("rect:not(.none, .now)")];
      return squares.map((square) => Number(square.style.fillOpacity) ** 2);
    }),
  );
}

/** Expect that the page shows the attention in `truth`, what `expected` returned, at once or soon. */
export async function expectAttention(page, truth) {
  const looks = truth.looks.flat().map((rows) => rows.flat());
  await expect(async () => {
    const shown = await shownAttention(page);
    expect(shown.map(({ length }) => length)).toEqual(looks.map(({ length }) => length));
    const off = shown.flat().map((p, i) => Math.abs(p - looks.flat()[i]));
    expect(Math.max(...off)).toBeLessThan(0.001);
  }).toPass({ timeout: 30_000 });
}

/** Keep a picture for the documentation and for whoever wants to look. */
export async function picture(page, name, options = {}) {
  mkdirSync(pictures, { recursive: true });
  writeFileSync(join(pictures, `${name}.png`), await page.screenshot(options));
}
