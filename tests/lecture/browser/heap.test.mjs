// The heap map in headless Chromium: in the lecture, with maps that are loaded by hand, right or wrong; and the page of one
// student's heap.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { open, resize, tree } from "./driver.mjs";
import { faults } from "./readable.mjs";

const folder = mkdtempSync(join(tmpdir(), "heap-"));
const perl = (code) => execFileSync("perl", ["-I", tree, "-MJSON::PP", "-Mlecture::Sample", "-Mlecture::HeapPage", "-e", code, folder], { encoding: "utf8" });
const keep = (name, text) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

let browser, page;
before(async () => {
  browser = await open();
  page = browser.page;
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});
const press = (key) => page.keyboard.press(key);
const step = () => page.evaluate("heapmapState.step");

// Six backends, so that four are shown and the others chosen.
async function lecture() {
  const files = JSON.parse(perl(`my $folder = shift; my @files;
    for my $name (qw(sys hw08 buddy bucket cache par)) {
      my $map = { %{ lecture::Sample::heap_map($name) }, captions => [ [ 0, 'First one block.' ], [ 2, 'Then it grows.' ] ] };
      push @files, "$folder/$name.json";
      open my $file, '>', $files[-1] or die; print {$file} encode_json($map); close $file }
    print encode_json(\\@files)`));
  const out = join(folder, "lecture.html");
  execFileSync(join(tree, "lecture/build"), ["--output", out, "--from", ...files]);
  await page.goto(`file://${out}#slide=heapmap`);
}
const shown = () => page.locator("#heapmap .heap .name").allInnerTexts();

test("steps, chapters, four maps at most, closer and farther", async () => {
  await lecture();
  assert.equal(await page.locator("#heapmap h2").innerText(), "First one block.", "the title follows the chapter");
  await press(".");
  assert.equal(await page.locator("#heapmap h2").innerText(), "Then it grows.");
  const before = await step();
  await press("ArrowUp");
  assert.equal(await step(), before - 1);
  await press(" ");
  assert.equal(await page.evaluate("presenter.views[presenter.at].id !== 'heapmap' || presenter.at === presenter.views.length - 1"), true, "space is the presenter's");
  await page.evaluate("location.hash = '#slide=heapmap'");
  assert.deepEqual(await shown(), ["sys", "hw08", "bucket", "par"]);
  await page.locator("#heapmap .backends button", { hasText: "cache" }).click();
  assert.deepEqual(await shown(), ["hw08", "bucket", "cache", "par"], "a fifth takes the place of the oldest");
  const row = async () => Number(/a row: ([\d,]+) bytes/.exec(await page.locator("#heapmap .legend").innerText())[1].replaceAll(",", ""));
  const far = await row();
  await press("+");
  assert.equal(await row(), Math.max(32, far / 4), "closer");
  await press("-");
  assert.equal(await row(), far, "farther");
  assert.deepEqual(browser.complaints(), []);
});

test("files that are loaded by hand", async () => {
  await lecture();
  const own = JSON.parse(perl('print encode_json(lecture::Sample::heap_map("cache"))'));
  const files = [
    keep("mine.json", JSON.stringify({ ...own, trace: "mine.trace" })),
    keep("cut.json", '{"format": '),
    keep("compare.json", '{"sections": []}'),
    keep("ivec.trace", "xtrace\r\n\u0001\u0002"),
    keep("ivec.txt", "xtrace text 1\nmalloc 0 0 8\n"),
    keep("photo.png", "\u0089PNG\r\n"),
    keep("empty.json", JSON.stringify({ ...own, steps: [] })),
  ];
  await page.setInputFiles("#heapmap input[type=file]", files);
  await page.waitForSelector("#heapmap .problem");
  const lines = await page.locator("#heapmap .problem").allInnerTexts();
  const expected = [/^cut\.json cannot be shown: it was cut off; make it anew/, /^compare\.json .* lecture\/build --from compare\.json draws them/,
    /^ivec\.trace .*it is a trace; bin\/replay-par ivec\.trace --threads --map FILE\.json makes a map/, /^ivec\.txt .*it is a trace/,
    /^photo\.png .*it is no heap map; bin\/replay/, /^empty\.json .*it has no steps/];
  assert.equal(lines.length, expected.length);
  expected.forEach((pattern, i) => assert.match(lines[i], pattern));
  assert.deepEqual(await shown(), ["cache"], "the one that is right is shown");
  await page.setInputFiles("#heapmap input[type=file]", files.slice(2, 4));
  await page.waitForFunction('document.querySelectorAll("#heapmap .problem").length === 2');
  assert.deepEqual(await faults(page, ".current, #place", true), [], "the slide stays whole");
  await page.locator("#heapmap .problem button").first().click();
  assert.equal(await page.locator("#heapmap .problem").count(), 1, "a line can be taken away");
  const drop = (name, text) => page.evaluate(([fileName, content]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([content], fileName));
    const send = (kind) => document.querySelector("#heapmap").dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer }));
    return [send("dragover"), send("drop")];
  }, [name, text]);
  assert.deepEqual(await drop("scale.trace", "xtrace\r\n\u0001"), [false, false], "the browser does not leave the slide for a file that is dropped");
  await page.waitForFunction('/^scale\\.trace .*it is a trace/.test(document.querySelector("#heapmap .problem").textContent)');
  await drop("dropped.json", JSON.stringify({ ...own, trace: "dropped.trace" }));
  await page.waitForFunction('document.querySelector("#heapmap [data-trace=\\"dropped.trace\\"]") !== null');
  assert.deepEqual(browser.complaints(), []);
});

// mine goes wrong at the third step of a second run, and gives a block that overlaps.
function ownHeap() {
  return perl(`
    my @maps = map { lecture::Sample::heap_map($_) } qw(mine sys hw08);
    my @cut  = map { { %{ lecture::Sample::heap_map($_) }, trace => 'story', captions => [ [ 0, 'What is seen?' ] ] } } qw(mine sys hw08);
    $cut[0]{steps} = [ @{ $cut[0]{steps} }[ 0, 1 ] ];
    $cut[0]{steps}[1][4] -= 48;
    $cut[0]{problem} = 'step 2, xmalloc(400) by thread 1 gave block 1, which overlaps block 0';
    print lecture::HeapPage::html({
        title => 'Where mine puts its blocks', order => [qw(mine sys hw08)], backends => { mine => { kind => 'par' } },
        heapmaps => [ @cut, @maps ],
        findings => { 'sample.trace' => 'mine keeps 2.4 times what the program uses; sys 2.4 times, hw08 2.4 times' },
        problems => { story => ["mine: $cut[0]{problem}"] }, start => { trace => 'sample.trace', step => 3 } })`);
}

for (const [width, height, theme] of [[1280, 720, "light"], [1920, 1080, "dark"]]) {
  test(`one's own heap at ${width} x ${height}`, async () => {
    const path = keep("own.html", ownHeap());
    await resize(page, width, height, theme);
    await page.goto(`file://${path}`);
    assert.equal(await step(), 3, "it begins where it was told to");
    assert.match(await page.locator("h2").innerText(), /^mine keeps/);
    for (const [key, to] of [["End", 5], ["ArrowLeft", 4], ["Home", 0]]) {
      await press(key);
      assert.equal(await step(), to, key);
    }
    await press(" ");
    await page.waitForFunction("heapmapState.step === 5");
    await press("1");
    assert.match(await page.locator("body").innerText(), /Where mine puts its blocks[^]*step 2, xmalloc/, "another run, which went wrong");
    assert.match(await page.locator(".panels").innerText(), /stopped at step 2/);
    for (const key of ["1", "2"]) {
      await press(key);
      assert.deepEqual(await faults(page, ".current", true), [], `run ${key} can be read`);
    }
    assert.deepEqual(browser.complaints(), []);
  });
}

test("results that are missing or wrong", async () => {
  const files = [keep("compare.json", '{"sections": [{"title": "Large", "races": ['), keep("memory.json", '{"peak_mib": 32, "runs": {}}'), keep("other.json", '{"something": "else"}')];
  const out = join(folder, "broken.html");
  execFileSync(join(tree, "lecture/build"), ["--output", out, "--from", ...files]);
  await resize(page, 1280, 720, "light");
  await page.goto(`file://${out}`);
  const text = await page.locator("body").innerText();
  for (const words of [/compare\.json cannot be used: it is not JSON, or was cut off/, /other\.json cannot be used: it has none of/, /memory\.json cannot be used/,
    /no results for this picture yet. To make them: make claims/]) assert.match(text, words);
  await press("p");
  assert.ok((await page.evaluate("presenter.views.length")) > 3, "even so there are slides");
  await press("End");
  assert.deepEqual(browser.complaints(), []);
});
