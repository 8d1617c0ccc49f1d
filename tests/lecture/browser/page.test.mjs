// The lecture page in headless Chromium: every slide can be read, keys and links do what presenters expect, pictures can be saved
// and printed, people who cannot see them are told, and what is wrong with the results is said. On made-up results, slides also on
// the recorded sample; or with PAGE=file.html on that page; SHOTS=folder keeps a picture of every slide.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";

import { open, resize, tools, tree } from "./driver.mjs";
import { faults, strangeEntries, waste } from "./readable.mjs";

const folder = mkdtempSync(join(tmpdir(), "lecture-"));
const perl = (code) => execFileSync("perl", ["-I", tree, "-e", code, folder], { encoding: "utf8" });
const build = (name, files) => {
  const path = join(folder, `${name}.html`);
  execFileSync(join(tree, "lecture/build"), ["--output", path, "--from", ...files]);
  return `file://${path}`;
};

let browser, page, url, recorded;
before(async () => {
  const files = perl("use lecture::Sample; print join qq(\\n), lecture::Sample::write_all(shift)").split("\n");
  url = process.env.PAGE ? `file://${resolve(process.env.PAGE)}` : build("full", files);
  recorded = process.env.PAGE ? url : `file://${join(folder, "recorded.html")}`;
  if (!process.env.PAGE) execFileSync(join(tree, "lecture/build"), ["--sample", "--output", join(folder, "recorded.html")]);
  browser = await open();
  page = browser.page;
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

const slideId = () => page.evaluate('document.querySelector(".current").id');
const at = () => page.evaluate("presenter.at");
const press = (key) => page.keyboard.press(key);
const start = async (where = url) => {
  await page.goto("about:blank");
  await page.goto(where);
};
const present = async () => {
  await start();
  await press("p");
};

for (const [width, height, theme, isRecorded] of [[1280, 720, "light", false], [1280, 720, "dark", true], [1920, 1080, "dark", false], [1920, 1080, "light", true]]) {
  test(`every slide at ${width} x ${height}, ${theme}${isRecorded ? ", as recorded" : ""}`, async () => {
    await resize(page, width, height, theme);
    await start(isRecorded ? recorded : url);
    assert.equal(await page.evaluate("document.documentElement.dataset.theme"), theme, "the system's theme is followed");
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width, "the page does not scroll sideways");
    assert.deepEqual(await faults(page, "body", false), [], "the page can be read");
    await press("p");
    const slides = await page.evaluate("presenter.views.length");
    assert.ok(slides > 10, `${slides} slides`);
    for (let i = 0; i < slides; i++) {
      const id = await slideId();
      const marks = await page.evaluate('document.querySelectorAll(".current :is(.picture :is(rect, path, circle, tr, canvas, p), .message)").length');
      assert.ok(marks > 0, `${id} is drawn`);
      assert.deepEqual(await faults(page, ".current, #place", true), [], `${id} can be read`);
      assert.deepEqual(await waste(page), [], `${id} is used`);
      if (id.startsWith("idea-")) assert.deepEqual(await strangeEntries(page), [], `${id}: its legend names what is in the picture`);
      if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `${String(i).padStart(2, "0")}-${id}-${width}-${theme}.png`) });
      await press("ArrowRight");
    }
    assert.deepEqual(browser.complaints(), [], "no complaint in the console, no request to anywhere");
  });
}

test("a phone of 390 pixels", async () => {
  await resize(page, 390, 844, "light");
  await start();
  assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 390, "the page does not scroll sideways");
  assert.deepEqual(await faults(page, "body", false), [], "and can be read");
  assert.deepEqual(await barriers("html"), [], "also without a mouse");
  assert.deepEqual(browser.complaints(), []);
  await resize(page, 1280, 720, "light");
});

test("the keys of presenters", async () => {
  await present();
  const last = await page.evaluate("presenter.views.length - 1");
  for (const [key, place] of [["ArrowLeft", 0], ["PageDown", 1], [" ", 2], ["PageUp", 1], ["Backspace", 0], ["End", last], ["ArrowRight", last], ["Home", 0]]) {
    await press(key);
    assert.equal(await at(), place, `after ${key}`);
  }
  await page.mouse.click(640, 700);
  assert.equal(await at(), 1, "a click goes on");
  const idea = await page.evaluate('presenter.views.findIndex((view) => view.id.startsWith("idea-"))');
  await page.evaluate((index) => showSlide(index), idea);
  await page.mouse.click(640, 400);
  assert.equal(await at(), idea + 1, "also one on a picture");
  const claims = await page.evaluate('presenter.views.findIndex((view) => view.id.startsWith("claims-"))');
  await page.evaluate((index) => showSlide(index), claims);
  for (const verdict of await page.$$(".current .verdict button")) {
    await verdict.click();
    assert.equal(await page.evaluate('document.querySelectorAll(".current tr.rule:not([hidden])").length'), 1, "one rule is open");
    assert.ok(await page.evaluate('document.querySelector(".current table").getBoundingClientRect().bottom') <= 720, "and on the slide");
  }
  await press(" ");
  assert.equal(await at(), claims + 1, "space goes on after a verdict was clicked");
  await page.evaluate(() => showSlide(1));
  await press("b");
  assert.equal(await page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(0, 0, 0)", "b: black");
  assert.equal(await page.evaluate('getComputedStyle(document.querySelector(".current")).visibility'), "hidden");
  await press("b");
  assert.equal(await page.evaluate('getComputedStyle(document.querySelector(".current")).visibility'), "visible", "b: and back");
  await press("f");
  await page.waitForFunction("document.fullscreenElement !== null");
  await press("f");
  await page.waitForFunction("document.fullscreenElement === null");
  await press("?");
  assert.match(await page.locator("#help").innerText(), /b: black screen/, "?: the keys");
  await press("Escape");
  assert.equal(await page.locator("#help").isVisible(), false);
  assert.equal(await page.evaluate("presenting()"), true, "... which Escape closes, and nothing else");
  await press("t");
  assert.equal(await page.evaluate("document.documentElement.dataset.theme"), "dark", "t: the other theme");
  await press("Escape");
  assert.equal(await page.evaluate("presenting()"), false, "Escape: the page");
});

test("links to a slide", async () => {
  for (const [hash, id] of [["#slide=race-large", "race-large"], ["#slide=2", "programs"]]) {
    await start(url + hash);
    assert.equal(await slideId(), id, hash);
  }
  await page.reload();
  assert.equal(await slideId(), "programs", "a reload stays there");
  await start(`${url}#slide=nowhere`);
  assert.equal(await page.evaluate("presenting()"), false, "a slide that is not there shows the page");
  const outer = join(folder, "outer.html");
  writeFileSync(outer, `<iframe src="${url}#slide=memory&embed" width="960" height="540"></iframe>`);
  await start(`file://${outer}`);
  const inner = page.frames()[1];
  await inner.waitForSelector("#memory.current svg");
  assert.equal(await inner.locator("#place").isVisible(), false, "a slide in the frame of another page stands there bare");
});

test("the speaker's window", async () => {
  await present();
  const [speaker] = await Promise.all([page.waitForEvent("popup"), press("n")]);
  await speaker.waitForSelector("#notes .now");
  assert.match(await speaker.locator("#notes").innerText(), /Next: Three programs/);
  await press("ArrowRight");
  await speaker.waitForFunction("presenter.at === 1");
  assert.match(await speaker.locator("#notes .now").innerText(), /Ask: whose blocks/, "it follows, with the notes of that slide");
  await speaker.keyboard.press("ArrowRight");
  await page.waitForFunction("presenter.at === 2");
  await speaker.close();
  assert.deepEqual(browser.complaints(), []);
});

test("pictures to take along", async () => {
  await present();
  for (const id of ["race-large", "scaling-pairs", "heapmap", "claims-hw08-1"]) {
    await page.evaluate((name) => showSlide(presenter.views.findIndex((view) => view.id === name)), id);
    const [svg] = await Promise.all([page.waitForEvent("download"), press("s")]);
    assert.equal(svg.suggestedFilename(), `${id}.svg`);
    const text = readFileSync(await svg.path(), "utf8");
    const title = await page.evaluate('document.querySelector(".current h2").textContent');
    assert.ok(text.includes(title.split(" ")[0]), `${id}: the title is in it`);
    assert.doesNotMatch(text, /var\(--/, "... and colours that other programs know");
    assert.match(text, id === "heapmap" ? /<image [^>]*href="data:image\/png/ : /^(race|scaling)/.test(id) ? /<path|<rect/ : /<text[^>]*>Claim/);
    const [png] = await Promise.all([page.waitForEvent("download"), press("S")]);
    const bytes = readFileSync(await png.path());
    assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [2560, 1440], `${id}: a PNG twice as large`);
    if (process.env.SHOTS) writeFileSync(join(process.env.SHOTS, `saved-${id}.png`), bytes);
  }
  await start();
  const [saved] = await Promise.all([page.waitForEvent("download"), page.locator("#memory .saves button").first().click()]);
  assert.equal(saved.suggestedFilename(), "memory.svg", "buttons of the page do the same");
});

test("a PDF of all slides, one a page", async () => {
  await present();
  await page.evaluate("document.documentElement.dataset.theme = 'dark'");
  const slides = await page.evaluate("presenter.views.length");
  const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
  if (process.env.SHOTS) writeFileSync(join(process.env.SHOTS, "slides.pdf"), pdf);
  const text = pdf.toString("latin1");
  assert.equal(text.match(/\/Type\s*\/Page\b(?!s)/g).length, slides);
  assert.match(text, /\/MediaBox\s*\[\s*0 0 960(\.\d+)? 540(\.\d+)?\s*\]/, "13.3 by 7.5 inches");
  assert.equal(await page.evaluate("document.documentElement.dataset.theme"), "dark", "the screen is as it was");
});

// What axe finds, in words.
async function barriers(context) {
  await page.evaluate(tools("axe-core").source);
  const { violations } = await page.evaluate((where) => window.axe.run(where, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }), context);
  return violations.map((one) => `${one.id}: ${one.help}: ${one.nodes[0].html.slice(0, 150)}`);
}

test("for those who cannot see it, and without a mouse", async () => {
  for (const [theme, slides] of [["light", false], ["dark", false], ["light", true], ["dark", true]]) {
    await resize(page, 1280, 720, theme);
    await start();
    const check = async (where) => assert.deepEqual(await barriers("html"), [], `${where}, ${theme}`);
    if (!slides) {
      await check("the page");
      continue;
    }
    await press("p");
    for (const id of ["title", "programs", "idea-hw08", "rung-cache", "race-large", "scaling-pairs", "memory", "heapmap", "profiles", "flame", "claims-hw08-1"]) {
      const place = await page.evaluate((name) => presenter.views.findIndex((view) => view.id === name), id);
      if (place < 0) continue;
      await page.evaluate((index) => showSlide(index), place);
      await check(id);
    }
  }
  await resize(page, 1280, 720, "light");
  await start();
  await press("Tab");
  assert.equal(await page.evaluate("document.activeElement.id"), "skip", "the first stop skips the head");
  assert.match(await page.evaluate('document.querySelector("#race-large .row").getAttribute("aria-label")'), /sys|times/, "marks are described");
  assert.match(await page.evaluate('document.querySelector("#heapmap canvas").getAttribute("aria-label")'), /blocks with [\d,]+ bytes in use/, "so are canvases");
});

test("lines can be told apart without a legend", async () => {
  await start(`${url}#slide=scaling-pairs`);
  const looks = await page.evaluate(`[...document.querySelectorAll("#scaling-pairs .series")].map((series) => {
    const [curve, mark] = [series.querySelector(".curve"), series.querySelector(".at-label")];
    const style = getComputedStyle(mark);
    return { name: series.querySelector("text").textContent.split(" ")[0], colour: style.stroke, shape: mark.getAttribute("d"),
      hollow: style.fill !== style.stroke, broken: getComputedStyle(curve).strokeDasharray !== "none" };
  })`);
  assert.ok(looks.length >= 3);
  assert.equal(new Set(looks.map((one) => one.colour)).size, looks.length, "each has its own colour");
  assert.equal(new Set(looks.map((one) => `${one.shape} ${one.hollow}`)).size, looks.length, "and shape");
  for (const one of looks) assert.equal(one.hollow, ["sys", "jemalloc", "tcmalloc", "mimalloc"].includes(one.name), `${one.name}: the libraries' marks are hollow`);
});

test("who cannot be told from the C library has a question mark, in any colour", async () => {
  await start(`${recorded}#slide=race-small`);
  const { sure, unsure, note } = await page.evaluate(`(() => {
    const rows = [...document.querySelectorAll("#race-small .row")].map((row) => [row.querySelector(".bar.unsure") !== null, row.querySelector(".value").textContent]);
    return { sure: rows.filter(([pale]) => !pale).map(([, text]) => text), unsure: rows.filter(([pale]) => pale).map(([, text]) => text),
      note: document.querySelector("#race-small svg > text.quiet").textContent };
  })()`);
  assert.ok(unsure.length > 0 || process.env.PAGE, "there are some in the sample");
  assert.ok(unsure.every((text) => text.endsWith(" ?")) && sure.every((text) => !text.endsWith("?")), `${unsure}; ${sure}`);
  assert.equal(/\?: cannot tell/.test(note), unsure.length > 0, "and a line says what it means");
});

test("what stands behind a mark, and behind a verdict", { skip: Boolean(process.env.PAGE) }, async () => {
  await start();
  const bar = page.locator("#race-large .bar.par").first();
  await bar.scrollIntoViewIfNeeded();
  await bar.hover();
  const words = await page.locator("#tooltip").innerText();
  assert.match(words, /7 rounds/);
  assert.match(words, /\d s ± \d[^]*\([\d.]+ to [\d.]+\)/, "the spread");
  await page.evaluate("location.hash = '#slide=claims-hw08-1'");
  await page.locator(".current td.verdict button").first().click();
  assert.match(await page.locator(".current tr.rule:not([hidden])").innerText(), /shown if > 8; [\d.]+ to [\d.]+/, "a claim keeps its rule");
});
