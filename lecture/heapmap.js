// heapmap.js: where each block lies, on each backend, after each step of one trace.
//
// A map is the JSON of `bin/replay-BACKEND TRACE --map FILE` (trace/README.md). Each panel shows one backend: a row is a piece
// of the address space that the run uses at some time, and what is never used is left out. Blocks are as wide as what was asked
// for; between them lies what the allocator needs itself, has rounded up, or keeps free.
"use strict";

// One step, or one chapter of a trace that tells a story.
const HEAPMAP_KEYS = {
  ArrowDown: () => heapmapState.step + 1, ArrowUp: () => heapmapState.step - 1, ".": () => chapterAfter(), ",": () => chapterBefore(),
};
const ROW_BYTES = [256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288, 1048576];
const THREAD_HUES = ["#3f74b5", "#e0a030", "#2f8f6f", "#a05195", "#7a6a58"];

// Which trace is shown, at which step, and the maps that were loaded by hand.
const heapmapState = { loaded: [], trace: null, step: 0, element: null, data: [] };

// ---- What a map says ---------------------------------------------------------------------------------------------------

function heapmapProblem(map) {
  if (!map || map.format !== "xmalloc heap map") return "it is no heap map: bin/replay-BACKEND TRACE --map FILE writes one";
  if (map.version !== 1) return `it has version ${map.version}, and this page knows version 1`;
  if (!Array.isArray(map.steps) || map.steps.length === 0) return "it has no steps";
  return null;
}

// The heap after `count` steps: living blocks by number, and freed ones whose place nobody has taken again.
function heapAfter(map, count) {
  const living = new Map();
  const freed = new Map();
  for (let i = 0; i < count; i++) {
    const [kind, thread, block, bytes, address, , , oldAddress] = map.steps[i];
    if (kind === "free") {
      const was = living.get(block);
      living.delete(block);
      if (was) freed.set(address, was);
      continue;
    }
    if (kind === "realloc" && oldAddress !== address && living.has(block)) freed.set(oldAddress, living.get(block));
    living.set(block, { block, thread, bytes, address });
    freed.delete(address);
  }
  const taken = [...living.values()].sort((a, b) => a.address - b.address);
  const bisect = d3.bisector((one) => one.address).right;
  const covered = (one) => {
    const before = taken[bisect(taken, one.address + one.bytes - 1) - 1];
    return before !== undefined && before.address + before.bytes > one.address;
  };
  return { living: taken, freed: [...freed.values()].filter((one) => !covered(one)), resident: map.steps[Math.max(0, count - 1)][5] };
}

// The rows of so many bytes that the run touches at some time, in the order of addresses. They never change, so they are kept.
const keptRows = new WeakMap();
function rowsOf(map, rowBytes) {
  if (!keptRows.has(map)) keptRows.set(map, new Map());
  const kept = keptRows.get(map);
  if (!kept.has(rowBytes)) kept.set(rowBytes, findRows(map, rowBytes));
  return kept.get(rowBytes);
}

function findRows(map, rowBytes) {
  const rows = new Set();
  for (const step of map.steps) {
    if (step[3] > 0) for (let row = Math.floor(step[4] / rowBytes); row * rowBytes < step[4] + step[3]; row++) rows.add(row);
  }
  return [...rows].sort((a, b) => a - b);
}

// ---- Drawing -------------------------------------------------------------------------------------------------------------

const cssColour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Large blocks are paler, each fourfold size a shade.
function blockColour(thread, bytes) {
  const shade = Math.min(3, Math.max(0, Math.floor((Math.log2(Math.max(16, bytes)) - 4) / 2)));
  return d3.interpolateRgb(THREAD_HUES[thread % THREAD_HUES.length], cssColour("--bg"))(shade * 0.17);
}

// Calls draw(x, y, width) for each row that a block reaches into.
function eachPiece(block, rowBytes, indexOf, size, draw) {
  for (let row = Math.floor(block.address / rowBytes); row * rowBytes < block.address + block.bytes; row++) {
    const from = Math.max(block.address, row * rowBytes) - row * rowBytes;
    const to = Math.min(block.address + block.bytes, (row + 1) * rowBytes) - row * rowBytes;
    const place = indexOf.get(row);
    if (place !== undefined) draw((from / rowBytes) * size.width, place.y, Math.max(1, ((to - from) / rowBytes) * size.width - 1));
  }
}

function drawHeap(canvas, map, count, rowBytes, size) {
  const scale = devicePixelRatio || 1;
  canvas.width = size.width * scale;
  canvas.height = size.height * scale;
  canvas.style.width = `${size.width}px`;
  canvas.style.height = `${size.height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const rows = rowsOf(map, rowBytes);
  const gaps = rows.filter((row, i) => i > 0 && row !== rows[i - 1] + 1).length;
  const gap = Math.min(0.5 * rem(), size.height / (rows.length + gaps + 1));
  const pitch = Math.min(1.9 * rem(), (size.height - gaps * gap) / rows.length);
  const height = Math.max(1, pitch - Math.min(3, pitch / 4));
  const indexOf = new Map();
  let y = 0;
  pen.fillStyle = cssColour("--panel");
  rows.forEach((row, i) => {
    if (i > 0 && row !== rows[i - 1] + 1) y += gap;
    indexOf.set(row, { y });
    pen.fillRect(0, y, size.width, height);
    y += pitch;
  });

  const heap = heapAfter(map, count);
  pen.strokeStyle = cssColour("--quiet");
  pen.lineWidth = 1;
  for (const block of heap.freed) {
    eachPiece(block, rowBytes, indexOf, size, (x, top, width) => {
      pen.setLineDash([3, 3]);
      pen.strokeRect(x + 0.5, top + 0.5, Math.max(1, width - 1), Math.max(1, height - 1));
    });
  }
  pen.setLineDash([]);
  for (const block of heap.living) {
    pen.fillStyle = blockColour(block.thread, block.bytes);
    eachPiece(block, rowBytes, indexOf, size, (x, top, width) => pen.fillRect(x, top, width, height));
  }
  const last = count > 0 ? map.steps[count - 1] : null;
  if (last) {
    pen.strokeStyle = cssColour("--fg");
    pen.lineWidth = 0.13 * rem();
    eachPiece({ address: last[4], bytes: last[3] }, rowBytes, indexOf, size, (x, top, width) => {
      pen.strokeRect(x - 1, top - 1, Math.max(3, width + 2), height + 2);
    });
  }
  canvas.heap = { heap, rowBytes, size, height, rows: [...indexOf].map(([row, place]) => ({ row, y: place.y })) };
  return heap;
}

// What lies under the pointer.
function blockAt(canvas, x, y) {
  const { heap, rowBytes, size, height, rows } = canvas.heap;
  const row = rows.find((one) => y >= one.y && y < one.y + height);
  if (!row) return null;
  const address = (row.row + x / size.width) * rowBytes;
  const within = (block) => address >= block.address && address < block.address + block.bytes;
  const living = heap.living.find(within);
  const freed = living ? null : heap.freed.find(within);
  const words = (block, state) => `block ${block.block} of thread ${block.thread}${state}\n${thousands(block.bytes)} bytes at ${"0x" + block.address.toString(16)}`;
  return living ? words(living, "") : freed ? words(freed, ", freed") : "no block here";
}

function stepWords(step) {
  const [kind, thread, , bytes, , , oldBytes] = step;
  const size = `${thousands(bytes)} bytes`;
  if (kind === "free") return `thread ${thread} frees ${size}`;
  if (kind === "realloc") return `thread ${thread} resizes ${thousands(oldBytes)} to ${size}`;
  return `thread ${thread} takes ${size}`;
}

// ---- The view ------------------------------------------------------------------------------------------------------------

const heapmapTraces = () => d3.group([...heapmapState.data, ...heapmapState.loaded], (map) => map.trace);

function shownMaps() {
  const traces = heapmapTraces();
  if (!traces.has(heapmapState.trace)) heapmapState.trace = [...traces.keys()][0] ?? null;
  const place = (map) => (DATA.order.indexOf(map.backend) + 1 || DATA.order.length + 1);
  return [...(traces.get(heapmapState.trace) ?? [])].sort((a, b) => place(a) - place(b));
}

function goToStep(step) {
  const most = d3.max(shownMaps(), (map) => map.steps.length) ?? 0;
  heapmapState.step = Math.max(0, Math.min(step, most));
  redrawHeaps();
}

// A chapter is looked at when all its steps are done.
function chapterEnds() {
  const maps = shownMaps();
  if (maps.length === 0) return [0];
  const most = maps[0].steps.length;
  const starts = maps[0].captions ? maps[0].captions.map(([from]) => from) : d3.range(0, most, Math.max(1, Math.floor(most / 10)));
  return [...starts, most];
}
const chapterAfter = () => chapterEnds().find((end) => end > heapmapState.step) ?? heapmapState.step;
const chapterBefore = () => chapterEnds().filter((end) => end < heapmapState.step).pop() ?? 0;

function showTrace(trace) {
  heapmapState.trace = trace;
  heapmapState.step = 0;
  goToStep(chapterAfter());
}

function heapmap(element, data) {
  const isFirst = heapmapState.element === null;
  heapmapState.element = element;
  heapmapState.data = data;
  element.replaceChildren();
  const root = d3.select(element).append("div").attr("class", "heapmap");
  const bar = root.append("div").attr("class", "choices");
  const button = (text, label, act) => bar.append("button").attr("type", "button").attr("aria-label", label).text(text)
    .on("click", (event) => { event.currentTarget.blur(); act(); });
  button("◀ ↑", "one step back (up arrow)", () => goToStep(heapmapState.step - 1));
  button("▶ ↓", "one step forward (down arrow)", () => goToStep(heapmapState.step + 1));
  bar.append("input").attr("type", "range").attr("aria-label", "step").attr("min", 0)
    .on("input", (event) => goToStep(Number(event.currentTarget.value))).on("change", (event) => event.currentTarget.blur());
  for (const trace of heapmapTraces().keys()) {
    bar.append("button").attr("type", "button").attr("class", "trace").attr("data-trace", trace).text(trace.replace(/\.(txt|trace)$/, ""))
      .on("click", (event) => { event.currentTarget.blur(); showTrace(trace); });
  }
  const picker = bar.append("label").attr("class", "pick").text("Load maps");
  picker.append("input").attr("type", "file").attr("accept", ".json,application/json").attr("multiple", true)
    .on("change", (event) => loadMaps([...event.currentTarget.files]));
  root.append("p").attr("class", "step").attr("aria-live", "polite");
  root.append("div").attr("class", "panels");
  root.append("div").attr("class", "legend");
  if (isFirst) showTrace(heapmapState.trace);
  else redrawHeaps();
}

async function loadMaps(files) {
  const problems = [];
  for (const file of files) {
    try {
      const map = JSON.parse(await file.text());
      const problem = heapmapProblem(map);
      if (problem) problems.push(`${file.name} cannot be shown: ${problem}.`);
      else {
        heapmapState.loaded = heapmapState.loaded.filter((one) => one.trace !== map.trace || one.backend !== map.backend).concat([map]);
        heapmapState.trace = map.trace;
        heapmapState.step = Math.floor(map.steps.length / 2);
      }
    } catch (error) {
      problems.push(`${file.name} cannot be shown: it is not JSON (${error.message}).`);
    }
  }
  heapmap(heapmapState.element, heapmapState.data);
  d3.select(heapmapState.element).select(".step").selectAll("span.message").data(problems).join("span").attr("class", "message").text((text) => text);
}

function redrawHeaps() {
  const root = d3.select(heapmapState.element).select(".heapmap");
  const maps = shownMaps();
  const most = d3.max(maps, (map) => map.steps.length) ?? 0;
  const at = Math.min(heapmapState.step, most);
  root.select("input[type=range]").attr("max", most).property("value", at);
  root.selectAll(".trace").attr("aria-pressed", function () { return String(this.dataset.trace === heapmapState.trace); });
  if (maps.length === 0) {
    root.select(".step").text("No recorded map is here. bin/replay-BACKEND TRACE --map FILE.json makes one: load it here.");
    return;
  }
  const step = at > 0 ? maps[0].steps[at - 1] : null;
  const caption = (maps[0].captions ?? []).filter(([from]) => from < Math.max(1, at)).pop();
  root.select(".step").text(`${at} of ${most}: ${step ? stepWords(step) : "the beginning"}.${caption ? " " + caption[1] : ""}`);
  drawHeapLegend(root.select(".legend"), maps);

  const u = rem();
  const columns = maps.length > 3 ? 4 : maps.length;
  const lines = Math.ceil(maps.length / columns);
  const gap = 1.4 * u;
  const head = 1.8 * u;
  const width = Math.floor((heapmapState.element.clientWidth - gap * (columns - 1)) / columns);
  const used = d3.sum(root.selectAll(".choices, .step, .legend").nodes(), (node) => node.getBoundingClientRect().height) + 2.6 * u;
  const available = presenting() ? heapmapState.element.clientHeight - used : lines * 15 * u;
  const size = { width, height: Math.max(3 * u, Math.floor((available - gap * (lines - 1)) / lines - head)) };
  const fits = (bytes) => maps.every((map) => rowsOf(map, bytes).length * 0.45 * u <= size.height);
  const rowBytes = ROW_BYTES.find(fits) ?? ROW_BYTES[ROW_BYTES.length - 1];

  const panels = root.select(".panels").style("grid-template-columns", `repeat(${columns}, ${width}px)`).style("gap", `${gap}px`)
    .selectAll(".heap").data(maps, (map) => map.backend).join((enter) => {
      const panel = enter.append("div").attr("class", "heap");
      const heading = panel.append("p").style("height", `${head}px`);
      heading.append("span").attr("class", (map) => `name ${kindOf(map.backend)}`).text((map) => map.backend);
      heading.append("span").attr("class", "held");
      panel.append("canvas");
      return panel;
    });
  panels.each(function (map) {
    const canvas = this.querySelector("canvas");
    const count = Math.min(at, map.steps.length);
    const heap = drawHeap(canvas, map, count, rowBytes, size);
    this.querySelector(".held").textContent = `${thousands(Math.round(count > 0 ? heap.resident / 1024 : 0))} KiB`;
    canvas.onpointermove = (event) => {
      const text = blockAt(canvas, event.offsetX, event.offsetY);
      if (text) showTooltip(text, event.clientX, event.clientY);
      else hideTooltip();
    };
    canvas.onpointerleave = hideTooltip;
  });
  root.select(".legend .row-bytes").text(`row: ${thousands(rowBytes)} bytes; right: memory held`);
}

function drawHeapLegend(legend, maps) {
  const threads = Math.min(THREAD_HUES.length, d3.max(maps, (map) => map.threads) ?? 1);
  legend.html("");
  const entry = (style, text) => {
    const label = legend.append("span");
    label.append("i").attr("style", style);
    label.append("b").text(text);
  };
  for (let thread = 0; thread < threads; thread++) entry(`background:${THREAD_HUES[thread]}`, `thread ${thread}`);
  entry(`background:linear-gradient(90deg, ${blockColour(0, 16)} 50%, ${blockColour(0, 4096)} 50%)`, "small, large");
  entry("border:0.1rem dashed var(--quiet)", "freed");
  legend.append("span").attr("class", "row-bytes");
}

document.addEventListener("keydown", (event) => {
  const target = HEAPMAP_KEYS[event.key];
  const shown = heapmapState.element && (presenting() ? heapmapState.element.closest(".current") : onScreen(heapmapState.element));
  if (!target || !shown || event.ctrlKey || event.metaKey || event.altKey || event.target.type === "range") return;
  if (!presenting() && event.key.startsWith("Arrow")) return; // the page scrolls with these
  event.preventDefault();
  goToStep(target());
});

function onScreen(element) {
  const box = element.getBoundingClientRect();
  return box.bottom > 0 && box.top < innerHeight;
}

// A canvas does not follow the theme by itself.
new MutationObserver(() => heapmapState.element && heapmapState.element.clientWidth > 0 && redrawHeaps())
  .observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
