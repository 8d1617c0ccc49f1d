// programs.js: what the three programs do with blocks, as a moving picture: a block's way from the heap to a thread, to another
// thread, and back. It stands still where motion is not wanted, and on paper.
"use strict";

const PROGRAM_WAYS = [
  { name: "ivec", words: ["A vector grows: a block twice", "as large, a copy, the old freed."], stops: ["heap", "one", "heap"], grows: true },
  { name: "list", words: ["A list of many small blocks;", "its own thread frees them."], stops: ["heap", "one", "heap"], grows: false },
  { name: "collatz", words: ["An array is handed on:", "another thread frees it."], stops: ["heap", "one", "two", "heap"], grows: false },
];
const WAY_S = 6;

function drawPrograms(element) {
  const words = PROGRAM_WAYS.map((way) => `${way.name}: ${way.words.join(" ")}`).join(" ");
  const { svg, width, height, u } = drawing(element, 24, `What the programs do with blocks. ${words}`);
  svg.attr("tabindex", 0);  // where it is wider than the page, keys scroll it
  const gap = 2 * u;
  const panel = (width - 2 * gap) / 3;
  const still = document.documentElement.classList.contains("printing") || matchMedia("(prefers-reduced-motion: reduce)").matches;
  svg.append("defs").append("marker").attr("id", "arrowhead").attr("viewBox", "0 0 10 10").attr("refX", 9).attr("refY", 5)
    .attr("markerWidth", 5).attr("markerHeight", 5).attr("orient", "auto").append("path").attr("d", "M0,0L10,5L0,10z").style("fill", "var(--quiet)");
  PROGRAM_WAYS.forEach((way, i) => drawWay(svg.append("g").attr("transform", `translate(${i * (panel + gap)},0)`), way, panel, height, u, still));
}

function drawWay(root, way, width, height, u, still) {
  const top = 4.6 * u;
  const heapY = height - 3.4 * u;
  const threadY = top + 1.6 * u;
  const at = { one: [width * 0.22, threadY], two: [width * 0.78, threadY], heap: [width / 2, heapY] };
  root.append("text").attr("class", "heading").attr("y", u).text(way.name);
  way.words.forEach((line, i) => root.append("text").attr("y", (2.3 + 1.25 * i) * u).text(line));
  for (const [name, label] of [["one", "thread 0"], ["two", "thread 1"]]) {
    const [x, y] = at[name];
    root.append("rect").attr("class", "lane").attr("x", x - 0.22 * width).attr("y", y - 0.9 * u).attr("width", 0.44 * width).attr("height", 3.6 * u).attr("rx", 0.3 * u);
    root.append("text").attr("x", x).attr("y", y + 2.3 * u).attr("text-anchor", "middle").text(label);
  }
  root.append("rect").attr("class", "lane").attr("y", heapY - 0.9 * u).attr("width", width).attr("height", 3.6 * u).attr("rx", 0.3 * u);
  root.append("text").attr("x", width / 2).attr("y", heapY + 2.2 * u).attr("text-anchor", "middle").text("the heap: your allocator");
  const legs = d3.pairs(way.stops);
  legs.forEach(([from, to]) => {
    const shift = from === "heap" ? -1.1 * u : to === "heap" ? 1.1 * u : 0;
    const reach = from === "heap" || to === "heap" ? 3 * u : 0;
    const [[x1, y1], [x2, y2]] = [at[from], at[to]];
    const down = y2 > y1;
    const d = y1 === y2 ? `M${x1 + 1.2 * u},${y1}L${x2 - 1.2 * u},${y2}` : `M${x1 + shift},${down ? y1 + reach : y1 - u}L${x2 + shift},${down ? y2 - u : y2 + reach}`;
    root.append("path").attr("class", "way").attr("d", d).attr("marker-end", "url(#arrowhead)");
  });
  const size = 1.3 * u;
  const block = root.append("rect").attr("class", "moving").attr("width", size).attr("height", size).attr("x", -size / 2).attr("y", -size / 2);
  const middle = way.stops.length === 4 ? at.two : at.one;
  block.attr("transform", `translate(${middle})`);
  if (still) return;
  // Each stop is reached and then stays for a while.
  const path = way.stops.flatMap((stop) => [at[stop], at[stop]]).map(([x, y]) => `${x},${y}`);
  const times = d3.range(path.length).map((i) => i / (path.length - 1));
  block.append("animateTransform").attr("attributeName", "transform").attr("type", "translate").attr("dur", `${WAY_S}s`)
    .attr("repeatCount", "indefinite").attr("values", path.join(";")).attr("keyTimes", times.join(";"));
  if (!way.grows) return;
  for (const [name, small, large] of [["width", size / 2, 2 * size], ["x", -size / 4, -size]]) {
    block.append("animate").attr("attributeName", name).attr("dur", `${WAY_S}s`).attr("repeatCount", "indefinite")
      .attr("values", `${small};${small};${large};${large}`).attr("keyTimes", "0;0.4;0.5;1");
  }
}
