// make live in headless Chromium, on an allocator that is a file of steps and a program that is none: it can be read, clicks and
// the space bar hold it up, and it says how both ended.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  const head = { format: "xmalloc heap map", version: 1, backend: "mine", trace: "4", program: "a-program --with some-words", cut: null, events: null,
    blocks: null, threads: null, page_bytes: 4096, before: [], fields: [] };
  return `${JSON.stringify(head).slice(0, -1)}, "steps": [\n${steps.map((step) => JSON.stringify(step)).join("\n,")}\n`;
}

const script = (name, words) => {
  writeFileSync(join(folder, name), `#!/bin/sh\n${words}\n`);
  chmodSync(join(folder, name), 0o755);
};

// Writes the map as bin/replay-BACKEND --follow does, so many steps as each line allows; held up it says in a file after how many.
const FOLLOWER = String.raw`
const { readFileSync, writeFileSync } = require("node:fs");
const lines = readFileSync(process.argv[2], "utf8").split(/(?<=\n)/);
const head = lines.findIndex((line) => line.includes('"steps"')) + 1;
process.stdout.write(lines.splice(0, head).join(""));
const all = lines.length;
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(lines.splice(0, Number(line)).join(""));
  if (line === "0") writeFileSync(process.argv[2] + ".held", String(all - lines.length));
  if (lines.length === 0) process.exit(0);
});
`;

let browser, page;
before(async () => {
  writeFileSync(join(folder, "map"), heapMap(60));
  writeFileSync(join(folder, "follower.js"), FOLLOWER);
  browser = await open();
  page = browser.page;
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

// Calls use(url) while the server shows an allocator and a program that end with these commands; the program does when the
// allocator has.
async function serving(ending, programEnding, use) {
  const isOver = join(folder, "over");
  rmSync(isOver, { force: true });
  script("replay-mine", `node ${folder}/follower.js ${folder}/map\n: > ${isOver}\n${ending}`);
  script("xtrace", `dd if=/dev/zero of="$3" bs=4096 count=1 2>/dev/null\nwhile [ ! -e ${isOver} ]; do sleep 0.05; done\n${programEnding}`);
  const server = spawn(join(tree, "lecture/live/serve"), ["--backend", "mine", "--bin", folder, "a-program"]);
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
const stepNumber = async () => Number(/step ([\d,]+)/.exec(await stepLine())[1].replaceAll(",", ""));
const until = async (isSo) => { while (!isSo()) await page.waitForTimeout(20); };
const says = (words) => page.waitForFunction((text) => document.querySelector(".step").textContent.includes(text), words);

test("pause and slow motion, by clicks and by the space bar", async () => {
  await serving("exit 0", "exit 3", async (url) => {
    await page.goto(url);
    await page.getByRole("button", { name: "Slow motion" }).click();
    await says("5 steps a second");
    await page.keyboard.press(" ");
    await says("The program stands still");
    const held = join(folder, "map.held");
    await until(() => existsSync(held) && readFileSync(held, "utf8") !== "");
    const at = Number(readFileSync(held, "utf8"));
    await says(`step ${at}${at > 0 ? ":" : "."}`);
    await page.waitForTimeout(600);
    assert.equal(await stepNumber(), at, "space holds it up, also after a click on a button");
    await page.keyboard.press(" ");
    await says("5 steps a second");
    await page.getByRole("button", { name: "As fast as it can" }).click();
    await says("step 60:");
    await says("The program ended with status 3.");
  });
});

for (const [width, height, theme] of [[1280, 720, "light"], [1920, 1080, "dark"]]) {
  test(`can be read at ${width} x ${height}, ${theme}; says how the allocator ended`, async () => {
    await resize(page, width, height, theme);
    await serving("kill -SEGV $$", "exec sleep 600", async (url) => {
      await page.goto(url);
      await page.getByRole("button", { name: "As fast as it can" }).click();
      await says("Here the allocator was ended by SIGSEGV. The program was ended by SIGTERM.");
      assert.deepEqual(await faults(page, "body", true), []);
      const share = await page.evaluate('document.querySelector(".blocks").clientHeight / innerHeight');
      assert.ok(share > 0.4, `the heap has ${share.toFixed(2)} of the height`);
    });
  });
}
