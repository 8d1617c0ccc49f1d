// make live in headless Chromium, on an allocator that is a file of steps: it can be read, clicks and the space bar hold it up,
// and it says how it ended.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { open, resize, tree } from "./driver.mjs";
import { faults } from "./readable.mjs";

const folder = mkdtempSync(join(tmpdir(), "live-"));
const BASE = 140000000000000;
const PAGES = 16;

// Three threads take blocks of some sizes, and free every third; the process is as large as it is from the first step on.
function heapMap(count) {
  const steps = [];
  for (let i = 0, address = BASE; i < count; i++) {
    if (i % 3 === 2) steps.push(["free", i % 3, i - 1, steps[i - 1][3], steps[i - 1][4], 65536]);
    else steps.push(["malloc", i % 3, i, 16 + 8 * (i % 90), address, 65536]);
    address += 1024;
  }
  steps[0].push({ mappings: [[BASE, PAGES * 4096, [[0, PAGES - 4]]]] });
  const head = { format: "xmalloc heap map", version: 1, backend: "mine", trace: "own.trace", program: "a-program --with some-words", cut: false, events: count,
    blocks: count, threads: 3, page_bytes: 4096, before: [], fields: [] };
  return `${JSON.stringify(head).slice(0, -1)}, "steps": [\n${steps.map((step) => JSON.stringify(step)).join(",\n")}\n]}\n`;
}

let browser, page;
before(async () => {
  writeFileSync(join(folder, "own.trace"), "xtrace text 1\n");
  writeFileSync(join(folder, "map"), heapMap(60));
  browser = await open();
  page = browser.page;
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

// Calls use(url) while the server shows an allocator that ends with this command.
async function serving(ending, use) {
  const replay = join(folder, "replay-mine");
  writeFileSync(replay, `#!/bin/sh\ncat ${folder}/map\n${ending}\n`);
  chmodSync(replay, 0o755);
  const server = spawn(join(tree, "lecture/live/serve"), ["--backend", "mine", "--bin", folder, "--trace", join(folder, "own.trace")]);
  try {
    const said = await new Promise((resolve, reject) => {
      server.stdout.once("data", (text) => resolve(String(text)));
      server.once("exit", () => reject(new Error("the server ended")));
    });
    await use(/http:\S+/.exec(said)[0]);
  } finally {
    server.kill();
  }
}
const stepLine = () => page.locator(".step").innerText();
const stepNumber = async () => Number(/step ([\d,]+) of/.exec(await stepLine())[1].replaceAll(",", ""));
const says = (words) => page.waitForFunction((text) => document.querySelector(".step").textContent.includes(text), words);

test("pause and slow motion, by clicks and by the space bar", async () => {
  await serving("exit 0", async (url) => {
    await page.goto(url);
    await page.getByRole("button", { name: "Slow motion" }).click();
    await says("5 steps a second");
    await page.keyboard.press(" ");
    await says("It stands still");
    const at = await stepNumber();
    await page.waitForTimeout(600);
    assert.equal(await stepNumber(), at, "space holds it up, also after a click on a button");
    await page.keyboard.press(" ");
    await says("5 steps a second");
    await page.getByRole("button", { name: "As fast as it can" }).click();
    await says("step 60 of 60");
    await says("It has ended.");
  });
});

for (const [width, height, theme] of [[1280, 720, "light"], [1920, 1080, "dark"]]) {
  test(`can be read at ${width} x ${height}, ${theme}; says how the allocator ended`, async () => {
    await resize(page, width, height, theme);
    await serving("kill -SEGV $$", async (url) => {
      await page.goto(url);
      await page.getByRole("button", { name: "As fast as it can" }).click();
      await says("Here the allocator was ended by SIGSEGV.");
      assert.deepEqual(await faults(page, "body", true), []);
      const share = await page.evaluate('document.querySelector(".blocks").clientHeight / innerHeight');
      assert.ok(share > 0.4, `the heap has ${share.toFixed(2)} of the height`);
    });
  });
}
