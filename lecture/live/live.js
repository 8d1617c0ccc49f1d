// live.js: the heap of a program that runs now. The server sends its steps a few times a second; this page says how many.
"use strict";

const SPEEDS = [["Pause", 0], ["Slow motion", 5], ["Usual", 40], ["Fast", 400], ["As fast as it can", 20000]];
const live = { map: { ...DATA.map, steps: [], memory: [] }, speed: DATA.speed, given: 0, mostHeld: 0, ended: false, died: null, stuck: false };

// The backend's memory: what was not mapped before the first step, and what holds a block.
function ownMappings(mappings) {
  const page = live.map.page_bytes;
  const before = new Set((live.map.before ?? []).map(([start]) => start));
  const addresses = live.map.steps.map((step) => step[4]);
  const holdsBlock = (start, bytes) => addresses.some((address) => address >= start && address < start + bytes);
  return mappings.filter(([start, bytes]) => !before.has(start) || holdsBlock(start, bytes))
    .map(([start, bytes, runs]) => [start, start + bytes, runs.map(([at, count]) => [start + at * page, start + (at + count) * page])]);
}

function take(frame) {
  live.map.steps.push(...frame.steps);
  if (frame.mappings) {
    const mappings = ownMappings(frame.mappings);
    const resident = d3.sum(mappings, ([, , pages]) => d3.sum(pages, ([from, to]) => to - from));
    live.map.memory.push([live.map.steps.length, resident, d3.sum(mappings, ([start, end]) => end - start), mappings]);
    live.mostHeld = Math.max(live.mostHeld, resident);
  }
  live.speed = frame.speed;
  live.ended ||= frame.ended === true;
  live.died ??= frame.died ?? null;
  live.stuck = frame.stuck === true;
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
  document.querySelector(".step").textContent = `${map.program ?? map.trace}, step ${thousands(count)} of ${thousands(map.events)}${count > 0 ? ": " + stepWords(map.steps[count - 1]) : ""}. ${stateWords(map)}`;
  d3.selectAll("#speeds button").attr("aria-pressed", ([, speed]) => String(speed === live.speed));
  drawHeapLegend(d3.select(".legend"), [map], `a row: ${thousands(rowBytes)} bytes`);
}

// What goes on, or how it came to an end: the program's own end is the recording's, the allocator's is this run's.
function stateWords(map) {
  if (live.died) return `Here ${live.died}.`;
  if (live.ended) return map.steps.length < map.events ? "Here it ends." : `${DATA.ending ?? "It has ended"}.`;
  if (live.speed === 0) return "It stands still.";
  return live.stuck ? "Nothing more comes: the next call does not return." : `${thousands(live.speed)} steps a second.`;
}

const ask = (speed) => fetch(`/speed/${speed}`, { method: "POST" }).then(() => { live.speed = speed; drawLive(); });

(function main() {
  followSystemTheme();
  d3.select("#speeds").selectAll("button").data(SPEEDS).join("button").attr("type", "button").text(([name]) => name)
    .on("click", (event, [, speed]) => {
      if (event.detail > 0) event.currentTarget.blur(); // a click of the mouse: space is for pause again
      ask(speed);
    });
  let before = DATA.speed;
  document.addEventListener("keydown", (event) => {
    if (event.key === "t") toggleTheme();
    if (event.key !== " " || event.target.tagName === "BUTTON") return;
    event.preventDefault();
    if (live.speed > 0) before = live.speed;
    ask(live.speed > 0 ? 0 : before);
  });
  new EventSource("/steps").onmessage = (event) => take(JSON.parse(event.data));
  addEventListener("resize", drawLive);
  drawLive();
})();
