// view.js: where each block lies, on each backend, after each step of one trace: the panels, the steps and the keys. Each panel
// shows one backend, as draw.js says.
"use strict";

// One step, or one chapter of a trace that tells a story.
const HEAPMAP_KEYS = {
  ArrowDown: () => goToStep(heapmapState.step + 1), ArrowUp: () => goToStep(heapmapState.step - 1),
  ".": () => goToStep(chapterAfter()), ",": () => goToStep(chapterBefore()), r: () => play(),
  "+": () => zoom(1), "-": () => zoom(-1),
};
const HEAPMAP_TITLE = "Where each block lies";
const MOST_MAPS = 4;
const USUAL_MAPS = ["sys", "hw08", "bucket", "par"];
const STEP_MS = 150;

// Which trace is shown, at which step, and the maps that were loaded by hand.
const heapmapState = { loaded: [], trace: null, step: 0, element: null, data: [], playing: null, problems: [], chosen: null, closer: 0, focus: new Map() };

const kibibytes = (bytes) => (bytes > 0 && bytes < 10240 ? (bytes / 1024).toFixed(1) : thousands(Math.round(bytes / 1024))) + " KiB";
const bytesText = (bytes) => (bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : bytes >= 2 ** 20 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : kibibytes(bytes)).replace(".0 ", " ");

const heapmapTraces = () => d3.group([...heapmapState.data, ...heapmapState.loaded], (map) => map.trace);

// All maps of the trace.
function mapsOfTrace() {
  const traces = heapmapTraces();
  if (!traces.has(heapmapState.trace)) heapmapState.trace = [...traces.keys()][0] ?? null;
  const place = (map) => (DATA.order.indexOf(map.backend) + 1 || DATA.order.length + 1);
  return [...(traces.get(heapmapState.trace) ?? [])].sort((a, b) => place(a) - place(b));
}

// Those of them that are shown: four at most, chosen by hand or the usual ones.
function shownMaps() {
  const all = mapsOfTrace();
  const wanted = heapmapState.chosen ?? [...USUAL_MAPS, ...all.map((map) => map.backend)];
  const names = [...new Set(wanted)].filter((name) => all.some((map) => map.backend === name)).slice(0, MOST_MAPS);
  return all.filter((map) => (all.length <= MOST_MAPS && heapmapState.chosen === null) || names.includes(map.backend));
}

// The newest choices stay; the last map does too.
function chooseMap(backend) {
  const names = shownMaps().map((map) => map.backend);
  const kept = names.includes(backend) ? names.filter((name) => name !== backend) : [...names, backend].slice(-MOST_MAPS);
  if (kept.length > 0) heapmapState.chosen = kept;
  redrawHeaps();
}

// Each step closer shows a quarter of the addresses, around the block of the last step or where one clicked.
function zoom(steps) {
  heapmapState.closer = Math.max(0, Math.min(3, heapmapState.closer + steps));
  redrawHeaps();
}

const lastStep = () => d3.max(shownMaps(), (map) => map.steps.length) ?? 0;

function goToStep(step) {
  heapmapState.step = Math.max(0, Math.min(step, lastStep()));
  redrawHeaps();
}

// Goes on by itself, or stops. At the end it begins anew.
function play() {
  const stop = () => { clearInterval(heapmapState.playing); heapmapState.playing = null; redrawHeaps(); };
  if (heapmapState.playing !== null) return stop();
  if (heapmapState.step >= lastStep()) heapmapState.step = 0;
  heapmapState.playing = setInterval(() => {
    if (heapmapState.step >= lastStep() || heapmapState.element.clientWidth === 0) stop();
    else goToStep(heapmapState.step + 1);
  }, STEP_MS);
  return redrawHeaps();
}

// A chapter is looked at when all its steps are done.
function chapterEnds() {
  const maps = shownMaps();
  if (maps.length === 0) return [0];
  const most = lastStep();
  const starts = maps[0].captions ? maps[0].captions.map(([from]) => from) : d3.range(0, most, Math.max(1, Math.floor(most / 10)));
  return [...starts, most];
}
const chapterAfter = () => chapterEnds().find((end) => end > heapmapState.step) ?? heapmapState.step;
const chapterBefore = () => chapterEnds().filter((end) => end < heapmapState.step).pop() ?? 0;

function showTrace(trace) {
  heapmapState.trace = trace;
  heapmapState.step = 0;
  heapmapState.element.dispatchEvent(new Event("trace"));
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
  button("Play", "Play or Stop (r)", play).attr("class", "play");
  button("◀", "one step back (up arrow)", () => goToStep(heapmapState.step - 1));
  button("▶", "one step forward (down arrow)", () => goToStep(heapmapState.step + 1));
  button("−", "farther (-)", () => zoom(-1));
  button("+", "closer (+)", () => zoom(1));
  bar.append("input").attr("type", "range").attr("aria-label", "step").attr("min", 0)
    .on("input", (event) => goToStep(Number(event.currentTarget.value))).on("change", (event) => event.currentTarget.blur());
  const traces = [...heapmapTraces().keys()];
  for (const trace of traces.length > 1 ? traces : []) {
    bar.append("button").attr("type", "button").attr("class", "trace").attr("data-trace", trace).text(trace.replace(/\.(txt|trace)$/, ""))
      .on("click", (event) => { event.currentTarget.blur(); showTrace(trace); });
  }
  bar.append("span").attr("class", "backends");
  const picker = bar.append("label").attr("class", "pick").text("Load maps");
  picker.append("input").attr("type", "file").attr("accept", ".json,application/json").attr("multiple", true)
    .on("change", (event) => loadMaps([...event.currentTarget.files]));
  root.selectAll("p.problem").data(heapmapState.problems).join("p").attr("class", "message problem").attr("role", "alert").text((text) => text)
    .append("button").attr("type", "button").attr("aria-label", "take this line away").text("×")
    .on("click", (event, text) => { heapmapState.problems = heapmapState.problems.filter((one) => one !== text); heapmap(heapmapState.element, heapmapState.data); });
  root.append("p").attr("class", "step").attr("aria-live", "polite");
  root.append("div").attr("class", "panels");
  root.append("div").attr("class", "legend");
  if (isFirst) showTrace(heapmapState.trace);
  else redrawHeaps();
}

// A file that is none costs one line, which a click takes away; the picture stays as it was.
async function loadMaps(files) {
  const problems = [];
  for (const file of files) {
    const text = await file.text();
    const problem = heapmapProblem(text, file.name);
    if (problem) {
      problems.push(`${file.name} cannot be shown: ${problem}.`);
      continue;
    }
    const map = JSON.parse(text);
    heapmapState.loaded = heapmapState.loaded.filter((one) => one.trace !== map.trace || one.backend !== map.backend).concat([map]);
    heapmapState.trace = map.trace;
    heapmapState.step = Math.floor(map.steps.length / 2);
  }
  heapmapState.problems = problems;
  heapmapState.element.dispatchEvent(new Event("trace"));
  heapmap(heapmapState.element, heapmapState.data);
}

function redrawHeaps() {
  const root = d3.select(heapmapState.element).select(".heapmap");
  const maps = shownMaps();
  const most = lastStep();
  const at = Math.min(heapmapState.step, most);
  root.select("input[type=range]").attr("max", most).property("value", at);
  root.select(".play").text(heapmapState.playing === null ? "Play" : "Stop");
  root.selectAll(".trace").attr("aria-pressed", function () { return String(this.dataset.trace === heapmapState.trace); });
  if (maps.length === 0) {
    root.select(".step").text("No recorded map is here. bin/replay-BACKEND TRACE --map FILE.json makes one: load it here.");
    return;
  }
  const step = at > 0 ? maps.find((map) => map.steps.length >= at).steps[at - 1] : null;
  const caption = (maps[0].captions ?? []).filter(([from]) => from < Math.max(1, at)).pop();
  const title = heapmapState.element.closest(".view").querySelector("h2");
  const isOwnTitle = document.documentElement.classList.contains("own-heap");
  if (!isOwnTitle) title.textContent = caption ? caption[1] : HEAPMAP_TITLE;
  root.select(".step").text(`${at} of ${most}: ${step ? stepWords(step) : "the beginning"}.${caption && isOwnTitle ? " " + caption[1] : ""}`);
  const all = mapsOfTrace();
  root.select(".backends").selectAll("button").data(all.length > MOST_MAPS ? all : []).join("button").attr("type", "button")
    .attr("aria-pressed", (map) => String(maps.includes(map))).text((map) => map.backend)
    .on("click", (event, map) => { event.currentTarget.blur(); chooseMap(map.backend); });
  drawHeapLegend(root.select(".legend"), maps);

  const u = rem();
  const columns = Math.min(maps.length, heapmapState.element.clientWidth < 40 * u ? 2 : 4);
  const lines = Math.ceil(maps.length / columns);
  const gap = 1.4 * u;
  const head = 1.8 * u;
  const width = Math.floor((heapmapState.element.clientWidth - gap * (columns - 1)) / columns);
  const used = d3.sum(root.selectAll(".choices, .problem, .step, .legend").nodes(), (node) => node.getBoundingClientRect().height) + 1.5 * u;
  const available = presenting() ? heapmapState.element.clientHeight - used : lines * 15 * u;
  // Where there are many panels, the blocks need all of the room.
  const pages = maps.length <= 4 && maps.every((map) => map.memory) ? { width, height: Math.floor(2.6 * u) } : null;
  const under = pages ? pages.height + 2.4 * u : 0;
  const size = { width, height: Math.max(3 * u, Math.floor((available - gap * (lines - 1)) / lines - head - under)) };
  const fits = (bytes) => maps.every((map) => rowsOf(map, bytes).length * 0.45 * u <= size.height);
  const rowBytes = Math.max(32, (ROW_BYTES.find(fits) ?? ROW_BYTES[ROW_BYTES.length - 1]) / 4 ** heapmapState.closer);
  const focusOf = (map, count) => (heapmapState.closer === 0 ? null : heapmapState.focus.get(map) ?? (count > 0 ? map.steps[count - 1][4] : null));

  const panels = root.select(".panels").style("grid-template-columns", `repeat(${columns}, ${width}px)`).style("gap", `${gap}px`)
    .selectAll(".heap").data(maps, (map) => map.backend).join((enter) => {
      const panel = enter.append("div").attr("class", "heap");
      const heading = panel.append("p").style("height", `${head}px`);
      heading.append("span").attr("class", (map) => `name ${kindOf(map.backend)}`).text((map) => map.backend);
      heading.append("span").attr("class", "held");
      panel.append("canvas").attr("class", "blocks");
      panel.append("p").attr("class", "memory");
      panel.append("canvas").attr("class", "pages");
      return panel;
    });
  panels.each(function (map) {
    const canvas = this.querySelector(".blocks");
    const count = Math.min(at, map.steps.length);
    const heap = drawHeap(canvas, map, count, rowBytes, size, focusOf(map, count));
    describeHeap(canvas, map, heap, count);
    const memory = memoryAfter(map, count);
    const held = memory ? memory.resident : count > 0 ? map.steps[count - 1][5] : 0;
    this.querySelector(".held").textContent = map.problem && at > count ? `stopped at step ${count}` : maps.length > 2 ? kibibytes(held) : `${heap.asked < 1024 ? `${heap.asked} B` : kibibytes(heap.asked).replace(" KiB", "")} of ${kibibytes(held)}`;
    d3.select(this).selectAll(".memory, .pages").style("display", pages ? null : "none");
    if (pages) {
      const cell = drawPages(this.querySelector(".pages"), map, count, pages);
      this.querySelector(".memory").textContent = maps.length > 2 ? `${bytesText(memory.mapped)} mapped` : `${bytesText(memory.mapped)} mapped; a cell: ${bytesText(cell)}`;
    }
    canvas.onpointermove = (event) => {
      const text = blockAt(canvas, event.offsetX, event.offsetY);
      if (text) showTooltip(text, event.clientX, event.clientY);
      else hideTooltip();
    };
    canvas.onpointerleave = hideTooltip;
    canvas.onclick = (event) => {
      const address = addressAt(canvas, event.offsetX, event.offsetY);
      if (address === null) return;
      heapmapState.focus.set(map, address);
      zoom(1);
    };
  });
  root.select(".legend .row-bytes").text(rowText(maps, rowBytes));
}

const rowText = (maps, bytes) => `a row: ${thousands(bytes)} bytes; beside a name: memory ${maps.length > 2 ? "kept" : "used of what is kept"}`;

// moments: when only these steps are shown, what is not in them has no place in the legend.
function drawHeapLegend(legend, maps, rows = rowText(maps, ROW_BYTES[ROW_BYTES.length - 1]), moments = null) {
  const heaps = moments && maps.flatMap((map) => moments.map((count) => heapAfter(map, count)));
  const isSeen = (what) => heaps === null || heaps.some(what);
  const threads = Math.min(THREAD_HUES.length, d3.max(maps, (map) => map.threads) ?? 1);
  legend.html("");
  const entry = (style, text) => {
    const label = legend.append("span");
    label.append("i").attr("style", style);
    label.append("b").text(text);
  };
  for (let thread = 0; thread < threads; thread++) {
    const own = (heaps ?? []).flatMap((heap) => heap.living).filter((block) => block.thread % THREAD_HUES.length === thread);
    if (heaps === null || own.length > 0) entry(`background:${blockColour(thread, d3.min(own, (block) => block.bytes) ?? 16)}`, `thread ${thread}`);
  }
  if (isSeen((heap) => heap.living.some((block) => block.bytes >= PALE_BYTES))) entry(`background:${blockColour(0, PALE_BYTES)}`, "large");
  if (isSeen((heap) => heap.freed.length > 0)) entry("border:0.1rem dashed var(--quiet)", "freed");
  if (maps.every((map) => map.memory)) {
    entry("background:var(--resident)", "resident");
    const someOnlyMapped = maps.some((map) => (moments ?? []).some((count) => isOnlyMapped(map, count, d3.max(moments))));
    if (moments === null || someOnlyMapped) entry("background:var(--panel); border:0.06rem solid var(--line)", "only mapped");
  }
  if (maps.some((map) => heapAfter(map, Math.min(heapmapState.step, map.steps.length)).overlaps.length > 0)) entry(`background:${WRONG}`, "overlap");
  legend.append("span").attr("class", "row-bytes").text(rows); // the longest, to know how much room is left
}

// A file that is dropped anywhere on a page with a heap map is loaded; without this the browser would leave the page for it.
const hasFiles = (event) => heapmapState.element !== null && event.dataTransfer?.types.includes("Files");
document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  loadMaps([...event.dataTransfer.files]);
});

document.addEventListener("keydown", (event) => {
  const target = HEAPMAP_KEYS[event.key];
  const shown = heapmapState.element && (presenting() ? heapmapState.element.closest(".current") : onScreen(heapmapState.element));
  if (!target || !shown || event.ctrlKey || event.metaKey || event.altKey || event.target.type === "range") return;
  if (!presenting() && event.key.startsWith("Arrow")) return; // the page scrolls with these
  event.preventDefault();
  target();
});

function onScreen(element) {
  const box = element.getBoundingClientRect();
  return box.bottom > 0 && box.top < innerHeight;
}

// A canvas does not follow the theme by itself.
new MutationObserver(() => heapmapState.element && heapmapState.element.clientWidth > 0 && redrawHeaps())
  .observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
