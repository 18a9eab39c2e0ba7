// Learning in the tab, and what is shown of it.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { expect } from "@playwright/test";
import { expectAttention, expected, learn, open, picture, saved, test } from "./page.js";

const WORD = "isabella";
const PHONE = { width: 390, height: 844 };

test("it loads within three seconds", async ({ page }) => {
  const began = Date.now();
  await open(page);
  expect(Date.now() - began).toBeLessThan(3000);
});

test("a thousand names are learned in seconds", async ({ page }) => {
  await open(page);
  const began = Date.now();
  await learn(page);
  const seconds = (Date.now() - began) / 1000;
  console.log(`1,000 names learned in ${seconds} s, every view drawn meanwhile`);
  expect(seconds).toBeLessThan(10);
  expect(Number(await page.textContent("#f-avg"))).toBeLessThan(2.52);
  expect(Number(await page.textContent("#f-held"))).toBeLessThan(2.55);
  await expect(page.locator("#invented li").first()).toBeVisible();
});

const shared = process.env.ESP32GPT_SHARED_DATA;
const makemore = shared && join(shared, "names.txt");
test("makemore's names are learned to 2.40", async ({ page }) => {
  test.skip(!makemore || !existsSync(makemore), "ESP32GPT_SHARED_DATA has no names.txt");
  await open(page);
  await page.setInputFiles("#file-names", makemore);
  await expect(page.locator("#state")).toContainText("32,033 names of names.txt");
  await learn(page);
  const avg = Number(await page.textContent("#f-avg"));
  console.log(`makemore: avg ${avg}`);
  expect(avg).toBeLessThanOrEqual(2.4);
});

test("what is shown is what CPython computes from the same checkpoint", async ({ page }) => {
  await open(page);
  await learn(page);
  const truth = expected(await saved(page), WORD);
  await page.fill("#word", WORD);
  await expect(page.locator(".letter")).toHaveCount(WORD.length + 1);

  const losses = await page.locator(".letter .loss").allTextContents();
  losses.forEach((loss, t) => {
    expect(Math.abs(Number(loss) - truth.losses[t])).toBeLessThan(0.006);
  });

  for (let t = 0; t <= WORD.length; t++) {
    await page.locator(".letter").nth(t).click();
    const rows = await page
      .locator("#next div")
      .evaluateAll((divs) =>
        divs.map((div) => [
          div.children[0].textContent,
          Number.parseFloat(div.children[2].textContent),
        ]),
      );
    expect(rows.length).toBe(12);
    for (const [letter, percent] of rows) {
      const token = letter === "end" ? 0 : [...truth.alphabet].indexOf(letter) + 1;
      expect(Math.abs(percent - 100 * truth.probabilities[t][token])).toBeLessThan(0.06);
    }
    const [likeliest] = rows;
    expect(likeliest[1]).toBeCloseTo(100 * Math.max(...truth.probabilities[t]), 0);
  }

  await expectAttention(page, truth);
});

test("the pixels of the weights are the weights", async ({ page }) => {
  await open(page);
  await learn(page);
  const truth = expected(await saved(page), WORD);
  const drawn = await page.locator("#weights canvas").evaluateAll((canvases) =>
    canvases.map((canvas) => {
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
      return { width, height, data: [...data] };
    }),
  );
  const names = Object.keys(truth.weights);
  expect(drawn.length).toBe(names.length);
  // Light theme: none #f4f0e7, plus #c2410c, minus #1d5fd1; full colour at 0.8 of the largest.
  const [none, plus, minus] = [
    [244, 240, 231],
    [194, 65, 12],
    [29, 95, 209],
  ];
  let furthest = 0;
  names.forEach((name, i) => {
    const values = truth.weights[name];
    const scale = Math.max(...values.map(Math.abs));
    const { width, height, data } = drawn[i];
    expect(width * height).toBe(values.length);
    values.forEach((value, n) => {
      const cols = name.endsWith("mlp_fc2") ? width : height;
      const [row, col] = [Math.floor(n / cols), n % cols];
      const at = name.endsWith("mlp_fc2") ? n : col * width + row;
      const strength = Math.min(1, Math.abs(value) / scale / 0.8);
      const full = value > 0 ? plus : minus;
      for (let c = 0; c < 3; c++) {
        const wanted = none[c] + (full[c] - none[c]) * strength;
        furthest = Math.max(furthest, Math.abs(data[4 * at + c] - wanted));
      }
    });
  });
  expect(furthest).toBeLessThan(3);
});

test("vowels gather on the map", async ({ page }) => {
  await open(page);
  const spread = () =>
    page.locator("#map g.point").evaluateAll((points) => {
      const places = points.map((g) => [
        "aeiou".includes(g.textContent),
        ...g.style.transform.match(/-?[\d.]+/g).map(Number),
      ]);
      const mean = (some) =>
        [1, 2].map((k) => some.reduce((sum, place) => sum + place[k], 0) / some.length);
      const vowels = places.filter((place) => place[0]);
      const [x, y] = mean(vowels);
      const within = vowels.map((p) => Math.hypot(p[1] - x, p[2] - y));
      const all = places.map((p) => Math.hypot(p[1] - x, p[2] - y));
      const sum = (list) => list.reduce((a, b) => a + b, 0) / list.length;
      return sum(within) / sum(all);
    });
  const before = await spread();
  await learn(page);
  expect(await spread()).toBeLessThan(0.5);
  expect(await spread()).toBeLessThan(before);
});

test("pausing, saving and opening change nothing of what is learned", async ({ page }) => {
  await open(page);
  await learn(page);
  const whole = expected(await saved(page), WORD);

  await page.click("#again");
  await page.selectOption("#pace", "150");
  await page.click("#run");
  await page.waitForFunction(() => Number(document.documentElement.dataset.step) > 120);
  await page.click("#run");
  await expect(page.locator("#state")).toContainText("Paused");
  const file = await saved(page);
  const step = Number((await page.textContent("#f-step")).replace(",", ""));
  expect(step).toBeLessThan(1000);

  await page.reload();
  await page.waitForSelector("html[data-ready]");
  await page.setInputFiles("#file-model", file);
  await expect(page.locator("#state")).toContainText("goes on after");
  await learn(page);
  const resumed = expected(await saved(page), WORD);
  expect(resumed.step).toBe(1000);
  expect(resumed.weights).toEqual(whole.weights);
  expect(resumed.moments).toEqual(whole.moments);
});

test("the number of names is that of the next click, and the model goes on", async ({ page }) => {
  await open(page);
  await page.fill("#steps", "40");
  await learn(page); // the click directly after the number
  await expect(page.locator("#f-step")).toHaveText("40");
  await page.fill("#steps", "25");
  await expect(page.locator("#run")).toHaveText("Learn 25 more");
  await learn(page);
  await expect(page.locator("#f-step")).toHaveText("65");
});

test("a model that has learned comes back after a new one", async ({ page }) => {
  await open(page);
  await page.fill("#steps", "60");
  await learn(page);
  const before = expected(await saved(page), WORD);
  await page.selectOption("#preset", "tiny");
  await expect(page.locator("#f-step")).toHaveText("0");
  await page.selectOption("#list", { index: 1 });
  await page.click("#back");
  await expect(page.locator("#state")).toContainText("goes on after 60 names");
  await expect(page.locator("#back")).toBeHidden();
  await expect(page.locator("#list")).toHaveValue("0");
  await expect(page.locator("#preset")).toHaveValue("default");
  expect(expected(await saved(page), WORD).weights).toEqual(before.weights);
});

test("a short list says why there are no unseen names", async ({ page }) => {
  await open(page);
  await page.click("#own");
  await page.fill("#own-text", "anna\nberta\nclara\ndora\nemma\nfrieda\ngerda\nhanna");
  await page.fill("#steps", "20");
  await page.click("#own-use");
  await expect(page.locator("#state")).toContainText("8 names of your list");
  await learn(page);
  await expect(page.locator("#held-says")).toContainText("about 130");
});

test("names can be one's own: cities", async ({ page }) => {
  await open(page);
  await page.click("#own");
  await page.click("#own-cities");
  await expect(page.locator("#own-text")).not.toHaveValue("");
  await page.click("#own-use");
  await expect(page.locator("#state")).toContainText("names of your list");
  await page.fill("#word", "barcelona");
  await learn(page);
  await expect(page.locator(".head")).toHaveCount(4);
  for (const says of await page.locator(".head p").allTextContents()) {
    expect(says).toMatch(/^(Looks|Prefers|Slightly) /);
  }
});

test("what cannot be used is refused in a sentence, and the model before it stays", async ({
  page,
}) => {
  await open(page);
  await page.click("#own");
  await page.fill("#own-text", "\n \n");
  await page.click("#own-use");
  await expect(page.locator("#problem")).toContainText("your list has no name");
  await page.setInputFiles("#file-model", {
    name: "x.ckpt",
    mimeType: "application/octet-stream",
    buffer: Buffer.from("no checkpoint"),
  });
  await expect(page.locator("#problem")).toContainText("no checkpoint of esp32gpt");
  await page.fill("#steps", "0");
  await page.click("#run");
  await expect(page.locator("#problem")).toContainText("a number from 1 to 1,000,000");
  await page.fill("#steps", "1000");
  await page.fill("#word", "q#");
  await expect(page.locator("#word-problem")).toContainText("written in the letters");
  await page.fill("#word", "");
  await expect(page.locator("#word-problem")).toBeHidden();
  await expect(page.locator(".letter")).toHaveCount(1);
  await page.fill("#prompt", "a1");
  await page.click("#invent");
  await expect(page.locator("#names-problem")).toContainText("letters other than");
  await learn(page);
});

test("names begin with the prompt, and new ones are marked", async ({ page }) => {
  await open(page);
  await learn(page);
  await page.fill("#prompt", "ma");
  await page.click("#invent");
  await expect(page.locator("#invented li span").first()).toHaveText(/^ma/);
  const list = new Set(
    readFileSync(join(process.cwd(), "../../data/names.txt"), "utf8").split("\n"),
  );
  const shown = await page
    .locator("#invented li")
    .evaluateAll((items) =>
      items.map((item) => [item.children[0].textContent, item.children[2].textContent]),
    );
  for (const [name, tag] of shown) expect(tag).toBe(list.has(name) ? "in the list" : "new");
  const fresh = shown.filter(([, tag]) => tag === "new").length;
  const says = `${shown.length} invented, ${fresh} of them new.`;
  await expect(page.locator("#invented-count")).toHaveText(says);
});

test("the keyboard reaches everything", async ({ page }) => {
  await open(page);
  await page.focus("#run");
  await page.selectOption("#pace", "Infinity");
  await page.keyboard.press("Enter");
  await page.waitForSelector('html[data-done="true"]');
  await page.locator('.letter[aria-checked="true"]').focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.locator(".letter").nth(1)).toBeFocused();
  await expect(page.locator("#next-explain")).toContainText("After “i”");
});

test("it opens again without a network", async ({ page, context }) => {
  await open(page);
  await page.waitForFunction(async () => {
    const cache = await caches.open("esp32gpt");
    return (await navigator.serviceWorker.ready) && (await cache.keys()).length >= 9;
  });
  await context.setOffline(true);
  await page.reload();
  await page.waitForSelector("html[data-ready]");
  await learn(page);
  await context.setOffline(false);
});

for (const scheme of ["light", "dark"]) {
  test(`axe finds no serious fault, ${scheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await open(page);
    await learn(page);
    await page.click("#own");
    const { violations } = await new AxeBuilder({ page }).analyze();
    const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
    expect(serious.map(({ id, nodes }) => [id, nodes.map((node) => node.html)])).toEqual([]);
  });

  for (const [name, viewport] of [
    ["desktop", null],
    ["phone", PHONE],
  ]) {
    test(`pictures: ${name}, ${scheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      if (viewport) await page.setViewportSize(viewport);
      await open(page);
      await learn(page);
      await page.locator(".letter").nth(4).click();
      // Nothing is wider than the screen.
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width).toBeLessThanOrEqual(page.viewportSize().width);
      await picture(page, `${name}-${scheme}`, { fullPage: true });
    });
  }
}

test("the picture of the README", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.setViewportSize({ width: 1280, height: 1285 });
  await open(page);
  await page.click("#run");
  await page.waitForSelector('html[data-done="true"]');
  await page.locator(".letter").nth(3).click();
  await page.evaluate(() => scrollTo(0, 0));
  await picture(page, "page");
});
