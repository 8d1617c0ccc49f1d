// live.js: the heap of a program that runs now. The server sends its steps a few times a second; this page says how many, and
// the program waits for them.
"use strict";

const SPEEDS = [["Pause", 0], ["Slow motion", 5], ["Usual", 40], ["Fast", 400], ["As fast as it can", 20000]];
const live = { map: { ...DATA.map, threads: 1, steps: [], memory: [] }, speed: DATA.speed, mostHeld: 0, state: {} };

// What was mapped before the first step is not the backend's, unless it has put a block there. [start, end], by address.
const before = (DATA.map.before ?? []).map(([start, bytes]) => ({ start, end: start + bytes, holdsBlock: false })).sort((a, b) => a.start - b.start);
function noteBlock(address) {
  const at = d3.bisector(({ start }) => start).right(before, address) - 1;
  if (at >= 0 && address < before[at].end) before[at].holdsBlock = true;
}

// The parts of [start, end] that are the backend's. The system may have joined its memory to older memory.
function ownParts([start, end]) {
  const parts = [];
  for (const old of before) {
    if (old.holdsBlock || old.end <= start || old.start >= end) continue;
    if (old.start > start) parts.push([start, old.start]);
    start = old.end;
  }
  return start < end ? [...parts, [start, end]] : parts;
}

function ownMappings(mappings) {
  const page = live.map.page_bytes;
  return mappings.flatMap(([start, bytes, runs]) => {
    const resident = runs.flatMap(([at, count]) => ownParts([start + at * page, start + (at + count) * page]));
    return ownParts([start, start + bytes]).map(([from, to]) => [from, to, resident.filter(([first]) => first >= from && first < to)]);
  });
}

function take({ steps, mappings, speed, ...state }) {
  live.map.steps.push(...steps);
  for (const [, thread, , , address] of steps) {
    noteBlock(address);
    live.map.threads = Math.max(live.map.threads, thread + 1);
  }
  if (mappings) {
    const own = ownMappings(mappings);
    const resident = d3.sum(own, ([, , pages]) => d3.sum(pages, ([from, to]) => to - from));
    live.map.memory.push([live.map.steps.length, resident, d3.sum(own, ([start, end]) => end - start), own]);
    live.mostHeld = Math.max(live.mostHeld, resident);
  }
  live.speed = speed;
  live.state = state;
  drawLive();
}

function drawLive() {
  const map = { ...live.map }; // a new one, since what is known of a map's rows is kept
  const count = map.steps.length;
  const u = rem();
  const box = document.querySelector(".picture");
  const pages = { width: box.clientWidth, height: Math.floor(4 * u) };
  const size = { width: box.clientWidth, height: Math.max(4 * u, box.clientHeight - pages.height - 4.2 * u) };
  const rowBytes = ROW_BYTES.find((bytes) => rowsOf(map, bytes).length * 0.45 * u <= size.height) ?? ROW_BYTES[ROW_BYTES.length - 1];
  const canvas = document.querySelector(".blocks");
  const heap = drawHeap(canvas, map, count, rowBytes, size);
  describeHeap(canvas, map, heap, count);
  const memory = memoryAfter(map, count);
  drawPages(document.querySelector(".pages"), map, count, pages);
  const held = memory.resident;
  document.querySelector("#finding").textContent = `${map.backend}: ${bytesText(heap.asked)} in use, ${bytesText(Math.max(0, held - heap.asked))} idle, ` +
    `${bytesText(Math.max(0, live.mostHeld - held))} given back`;
  document.querySelector(".memory").textContent = `${bytesText(memory.mapped)} mapped; below: each page`;
  document.querySelector(".step").textContent = `${map.program ?? map.trace}, step ${thousands(count)}${count > 0 ? ": " + stepWords(map.steps[count - 1]) : ""}. ${stateWords()}`;
  d3.selectAll("#speeds button").attr("aria-pressed", ([, speed]) => String(speed === live.speed));
  drawHeapLegend(d3.select(".legend"), [map], `a row: ${thousands(rowBytes)} bytes`);
}

// What goes on, or how it came to an end.
function stateWords() {
  const { died, none, limit, ended, waits, ending } = live.state;
  const program = ending ? ` ${ending}.` : "";
  if (died) return `Here ${died}.${program}`;
  if (none) return `${none}.${program}`;
  if (limit) return `No more steps are shown.${program || " The program goes on without being watched."}`;
  if (ended || ending) return `${ending ?? "It has ended"}.`;
  if (live.speed === 0) return "The program stands still.";
  if (waits === "call") return "Nothing more comes: the allocator does not return from the next call.";
  if (waits === "program") return "The program asks for nothing now.";
  return `${thousands(live.speed)} steps a second.`;
}

const ask = (speed) => fetch(`/speed/${speed}`, { method: "POST" }).then(() => { live.speed = speed; drawLive(); });

(function main() {
  followSystemTheme();
  d3.select("#speeds").selectAll("button").data(SPEEDS).join("button").attr("type", "button").text(([name]) => name)
    .on("click", (event, [, speed]) => {
      if (event.detail > 0) event.currentTarget.blur(); // a click of the mouse: space is for pause again
      ask(speed);
    });
  let speedBefore = DATA.speed;
  document.addEventListener("keydown", (event) => {
    if (event.key === "t") toggleTheme();
    if (event.key !== " " || event.target.tagName === "BUTTON") return;
    event.preventDefault();
    if (live.speed > 0) speedBefore = live.speed;
    ask(live.speed > 0 ? 0 : speedBefore);
  });
  new EventSource("/steps").onmessage = (event) => take(JSON.parse(event.data));
  addEventListener("resize", drawLive);
  drawLive();
})();
