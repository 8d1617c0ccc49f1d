// words.js: numbers as text, and what the charts have to ask about a backend or the page.
"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);

const kindOf = (backend) => (DATA.backends[backend] || { kind: "ladder" }).kind;
const nameOf = (backend) => (backend === "sys" ? "sys (C library)" : backend);

// Each backend's own colour, dash and shape. Ours have full lines and full marks; the libraries broken lines and hollow marks.
const SHAPES = [d3.symbolCircle, d3.symbolSquare, d3.symbolTriangle, d3.symbolDiamond, d3.symbolCross, d3.symbolStar];
const DASHES = ["0.5rem 0.35rem", "1rem 0.35rem", "0.2rem 0.3rem"];
function styleOf(backend) {
  const kind = kindOf(backend);
  if (kind === "sys") return { colour: "var(--sys)", dash: null, shape: d3.symbolCircle };
  if (kind === "par") return { colour: "var(--par)", dash: null, shape: d3.symbolCircle };
  const at = DATA.order.filter((name) => kindOf(name) === kind).indexOf(backend);
  return kind === "peer"
    ? { colour: `var(--theirs-${(at % 3) + 1})`, dash: DASHES[at % 3], shape: SHAPES[(at + 1) % SHAPES.length] }
    : { colour: `var(--ours-${(at % 5) + 1})`, dash: null, shape: SHAPES[(at + 1) % SHAPES.length] };
}
const thousands = d3.format(",");
const factorText = (x) => (x >= 9.95 ? d3.format(",.0f")(x) : x >= 0.995 ? x.toFixed(1) : x.toFixed(2)) + "×";
const secondsText = (s) => (s >= 10 ? s.toFixed(0) : s >= 1 ? s.toFixed(2) : s.toFixed(3)) + " s";
const mebibytes = (kib) => (kib / 1024).toFixed(kib >= 10240 ? 0 : 1) + " MiB";

// Pixels in a rem: slides have larger ones.
const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
const presenting = () => ["presenting", "printing"].some((name) => document.documentElement.classList.contains(name));

// An empty drawing that fills the element: on a slide all of it, on the page as high as asked for, and as wide as can be read:
// a phone scrolls it sideways.
const LEAST_WIDTH_REM = 44;
function drawing(element, pageHeightRem, label) {
  element.replaceChildren();
  const width = presenting() ? element.clientWidth : Math.max(element.clientWidth, LEAST_WIDTH_REM * rem());
  const height = presenting() ? element.clientHeight : pageHeightRem * rem();
  const svg = d3.select(element).append("svg").attr("width", width).attr("height", height)
    .attr("role", "group").attr("aria-label", label);
  return { svg, width, height, u: rem() };
}

// Moves labels apart that would overlap, and keeps them between top and bottom. Each has a y; changes it.
function spread(labels, gap, top, bottom) {
  labels.sort((a, b) => a.y - b.y);
  let least = top;
  for (const label of labels) {
    label.y = Math.max(label.y, least);
    least = label.y + gap;
  }
  let most = bottom;
  for (const label of [...labels].reverse()) {
    label.y = Math.min(label.y, most);
    most = label.y - gap;
  }
}

// Those of the numbers that can stand on an axis without touching.
function roomyTicks(numbers, position, gap) {
  const kept = [];
  for (const number of numbers) {
    if (kept.every((other) => Math.abs(position(other) - position(number)) >= gap)) kept.push(number);
  }
  return kept;
}

// A ratio that is very small or large never stands without its interval.
const isExtreme = (ratio) => ratio < 0.05 || ratio > 20;
const factorDigits = (x) => factorText(x).slice(0, -1);
