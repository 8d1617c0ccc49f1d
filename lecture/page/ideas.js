// ideas.js: the picture of one idea: three moments of the story on one backend, drawn from its heap map, so that the idea is seen
// in a real run.
"use strict";

// Which chapters of the story (lecture/Maps.pm) show an idea.
const IDEA_CHAPTERS = { hw08: [1, 2, 4], buddy: [2, 3, 4], bucket: [0, 2, 4], cache: [5, 6, 7], arena: [5, 6, 7], par: [3, 6, 7] };

const storyOf = (backend) => DATA.heapmaps.find((map) => map.backend === backend && map.captions);
const hasIdea = (backend) => storyOf(backend) !== undefined && IDEA_CHAPTERS[backend] !== undefined;

function drawIdea(element, backend) {
  element.replaceChildren();
  const map = storyOf(backend);
  const ends = [...map.captions.slice(1).map(([from]) => from), map.steps.length];
  const moments = IDEA_CHAPTERS[backend].map((chapter) => ({ words: map.captions[chapter][1], count: ends[chapter] }));
  const u = rem();
  const gap = 1.4 * u;
  const isNarrow = element.clientWidth < 40 * u;
  const width = isNarrow ? element.clientWidth : Math.floor((element.clientWidth - 2 * gap) / 3);
  const height = presenting() ? element.clientHeight - 4.9 * u : 15 * u;
  // The rows that are in use in these moments, not all that the story ever touches.
  const short = { ...map, steps: map.steps.slice(0, d3.max(moments, (one) => one.count)) };
  const rowBytes = ROW_BYTES.find((bytes) => rowsOf(short, bytes).length * 0.9 * u <= height) ?? ROW_BYTES[ROW_BYTES.length - 1];
  const root = d3.select(element).append("div").attr("class", "heapmap idea");
  const panels = root.append("div").attr("class", "panels").style("grid-template-columns", isNarrow ? "100%" : `repeat(3, ${width}px)`).style("gap", `${gap}px`);
  for (const { words, count } of moments) {
    const panel = panels.append("div").attr("class", "heap");
    panel.append("p").attr("class", "moment").text(words);
    const canvas = panel.append("canvas").attr("class", "blocks").node();
    const heap = drawHeap(canvas, { ...short, memory: map.memory }, count, rowBytes, { width, height });
    describeHeap(canvas, map, heap, count);
  }
  drawHeapLegend(root.append("div").attr("class", "legend"), [map], `a row: ${thousands(rowBytes)} bytes`, moments.map((one) => one.count));
}
