// model.js: what a heap map says: the JSON of `bin/replay-BACKEND TRACE --map FILE` (trace/README.md), and with `memory` what
// lecture/HeapFile.pm makes of it.
"use strict";

const ROW_BYTES = [256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288, 1048576];

// What is wrong with the text of a file that should be a heap map, and what to do; null when nothing is.
function heapmapProblem(text, name) {
  const makes = `bin/replay-par ${name} --threads --map FILE.json`;
  if (/^xtrace( text|\r\n)/.test(text)) return `it is a trace; ${makes} makes a map of it`;
  let map;
  try {
    map = JSON.parse(text);
  } catch {
    return text.trimStart().startsWith("{") ? "it was cut off; make it anew" : "it is no heap map; bin/replay-BACKEND TRACE --map FILE.json makes one";
  }
  if (map?.format !== "xmalloc heap map") {
    const isResult = ["sections", "cpu_ns_per_operation", "peak_mib", "profiles", "claims"].some((key) => map?.[key]);
    return isResult ? `it holds measurements; lecture/build --from ${name} draws them` : "it is no heap map; bin/replay-BACKEND TRACE --map FILE.json makes one";
  }
  if (map.version !== 1) return `it has version ${map.version}, and this page knows version 1; make it anew with bin/replay-BACKEND`;
  if (!Array.isArray(map.steps) || map.steps.length === 0) return "it has no steps; record a program that takes a block";
  return null;
}

// The heap after `count` steps: living blocks in the order of addresses, freed ones whose place nobody has taken again, and
// where a living block lies on another.
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
  return { living: taken, freed: [...freed.values()].filter((one) => !covered(one)), overlaps: overlapsOf(taken), asked: d3.sum(taken, (one) => one.bytes) };
}

function overlapsOf(taken) {
  const overlaps = [];
  let reach = 0;
  for (const one of taken) {
    const end = one.address + one.bytes;
    if (one.address < reach) overlaps.push({ address: one.address, bytes: Math.min(reach, end) - one.address });
    reach = Math.max(reach, end);
  }
  return overlaps;
}

// The backend's memory after `count` steps: { resident, mapped, mappings: [[start, end, [[from, to], ...]], ...] }; null when
// the map does not tell.
function memoryAfter(map, count) {
  if (!map.memory) return null;
  const at = d3.bisector(([step]) => step).right(map.memory, count) - 1;
  if (at < 0) return { resident: 0, mapped: 0, mappings: [] };
  const [, resident, mapped, mappings] = map.memory[at];
  return { resident, mapped, mappings };
}

// All address space that is mapped at some time, as [[start, end], ...]. It never changes, so it is kept.
const keptSpaces = new WeakMap();
function spacesOf(map) {
  if (!keptSpaces.has(map)) {
    const joined = [];
    const all = map.memory.flatMap(([, , , mappings]) => mappings.map(([start, end]) => [start, end])).sort((a, b) => a[0] - b[0]);
    for (const [start, end] of all) {
      const last = joined[joined.length - 1];
      if (last && start <= last[1]) last[1] = Math.max(last[1], end);
      else joined.push([start, end]);
    }
    keptSpaces.set(map, joined);
  }
  return keptSpaces.get(map);
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

function stepWords(step) {
  const [kind, thread, , bytes, , , oldBytes] = step;
  const size = `${thousands(bytes)} bytes`;
  if (kind === "free") return `thread ${thread} frees ${size}`;
  if (kind === "realloc") return `thread ${thread} resizes ${thousands(oldBytes)} to ${size}`;
  return `thread ${thread} takes ${size}`;
}
