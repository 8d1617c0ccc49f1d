// draw.js: one heap on two canvases. The first has a row for each piece of the address space in which the run has a block at
// some time; blocks are as wide as what was asked for, and between them lies what the allocator needs itself, has rounded up,
// or keeps free. The second has a cell for each page, or for so many of them, of all that the allocator ever mapped.
"use strict";

const THREAD_HUES = ["#3f74b5", "#e0a030", "#7a2fb5", "#0f5a3c", "#c77fb0"];
const WRONG = "#d02020";

const cssColour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const residentColour = () => cssColour("--resident");

// Large blocks are paler, each fourfold size a shade; from PALE_BYTES on one sees it.
const PALE_BYTES = 256;
const SHADE = 0.17;
function blockColour(thread, bytes) {
  const shade = Math.min(3, Math.max(0, Math.floor((Math.log2(Math.max(16, bytes)) - 4) / 2)));
  return d3.interpolateRgb(THREAD_HUES[thread % THREAD_HUES.length], cssColour("--bg"))(shade * SHADE);
}

// A pen on an empty canvas of this size.
function penOn(canvas, size) {
  const scale = devicePixelRatio || 1;
  canvas.width = size.width * scale;
  canvas.height = size.height * scale;
  canvas.style.width = `${size.width}px`;
  canvas.style.height = `${size.height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  return pen;
}

// ---- Blocks -----------------------------------------------------------------------------------------------------------------

// Calls draw(x, y, width) for each row that a piece reaches into. Blocks end a pixel early, so that neighbours stand apart.
function eachPiece(piece, rowBytes, placeOf, size, draw, apart = 1) {
  const last = Math.ceil((piece.address + piece.bytes) / rowBytes);
  for (let row = Math.floor(piece.address / rowBytes); row < last; row++) {
    const from = Math.max(piece.address, row * rowBytes) - row * rowBytes;
    const to = Math.min(piece.address + piece.bytes, (row + 1) * rowBytes) - row * rowBytes;
    const place = placeOf.get(row);
    if (place !== undefined) draw((from / rowBytes) * size.width, place.y, Math.max(1, ((to - from) / rowBytes) * size.width - apart));
  }
}

// Where each row stands: rows that are no neighbours in the address space stand apart.
function layRows(rows, size) {
  const gaps = rows.filter((row, i) => i > 0 && row !== rows[i - 1] + 1).length;
  const gap = Math.min(0.5 * rem(), size.height / (rows.length + gaps + 1));
  const pitch = Math.min(1.9 * rem(), (size.height - gaps * gap) / rows.length);
  const placeOf = new Map();
  let y = 0;
  rows.forEach((row, i) => {
    if (i > 0 && row !== rows[i - 1] + 1) y += gap;
    placeOf.set(row, { y });
    y += pitch;
  });
  return { placeOf, height: Math.max(1, pitch - Math.min(3, pitch / 4)) };
}

function drawGround(pen, memory, rowBytes, placeOf, height, size) {
  const fill = (start, end, colour) => {
    pen.fillStyle = colour;
    for (const [row, place] of placeOf) {
      const from = Math.max(start, row * rowBytes) - row * rowBytes;
      const to = Math.min(end, (row + 1) * rowBytes) - row * rowBytes;
      if (from < to) pen.fillRect((from / rowBytes) * size.width, place.y, ((to - from) / rowBytes) * size.width, height);
    }
  };
  if (!memory) return fill(0, Infinity, cssColour("--panel"));
  pen.fillStyle = cssColour("--line");
  for (const place of placeOf.values()) pen.fillRect(0, place.y + height - 1, size.width, 1);
  for (const [start, end, pages] of memory.mappings) {
    fill(start, end, cssColour("--panel"));
    for (const [from, to] of pages) fill(from, to, residentColour());
  }
  return undefined;
}

// Whether the place of one of the first blocks is mapped after this step, and not resident.
function isOnlyMapped(map, count, most) {
  const memory = memoryAfter(map, count);
  const blocks = map.steps.slice(0, most).map(([, , , bytes, address]) => [address, address + bytes]);
  return (memory?.mappings ?? []).some(([start, end, pages]) => blocks.some(([from, to]) => start < to && end > from && !pages.some(([first, last]) => first <= from && last >= to)));
}

// The rows around this address, as many as can be seen well.
function rowsAround(rows, address, rowBytes, size) {
  const count = Math.max(1, Math.floor(size.height / (1.1 * rem())));
  const at = d3.bisectCenter(rows, Math.floor(address / rowBytes));
  const from = Math.max(0, Math.min(at - Math.floor(count / 2), rows.length - count));
  return rows.slice(from, from + count);
}

// focus: an address, when only what lies around it is drawn.
function drawHeap(canvas, map, count, rowBytes, size, focus = null) {
  const pen = penOn(canvas, size);
  const all = rowsOf(map, rowBytes);
  const { placeOf, height } = layRows(focus === null ? all : rowsAround(all, focus, rowBytes, size), size);
  drawGround(pen, memoryAfter(map, count), rowBytes, placeOf, height, size);
  const heap = heapAfter(map, count);
  pen.strokeStyle = cssColour("--quiet");
  pen.lineWidth = 1;
  pen.setLineDash([3, 3]);
  for (const block of heap.freed) {
    eachPiece(block, rowBytes, placeOf, size, (x, top, width) => pen.strokeRect(x + 0.5, top + 0.5, Math.max(1, width - 1), Math.max(1, height - 1)));
  }
  pen.setLineDash([]);
  for (const block of heap.living) {
    pen.fillStyle = blockColour(block.thread, block.bytes);
    eachPiece(block, rowBytes, placeOf, size, (x, top, width) => pen.fillRect(x, top, width, height));
  }
  pen.fillStyle = WRONG;
  for (const overlap of heap.overlaps) eachPiece(overlap, rowBytes, placeOf, size, (x, top, width) => pen.fillRect(x, top, width, height));
  const last = count > 0 ? map.steps[count - 1] : null;
  if (last) {
    pen.strokeStyle = cssColour("--fg");
    pen.lineWidth = 0.13 * rem();
    eachPiece({ address: last[4], bytes: last[3] }, rowBytes, placeOf, size, (x, top, width) => {
      pen.strokeRect(x - 1, top - 1, Math.max(3, width + 2), height + 2);
    });
  }
  canvas.heap = { heap, rowBytes, size, height, rows: [...placeOf].map(([row, place]) => ({ row, y: place.y })) };
  return heap;
}

// What a canvas shows, for those who cannot see it.
function describeHeap(canvas, map, heap, count) {
  const words = `${map.backend} after step ${count}: ${heap.living.length} blocks with ${thousands(heap.asked)} bytes in use, ${heap.freed.length} freed places`;
  d3.select(canvas).attr("role", "img").attr("aria-label", words);
}

function addressAt(canvas, x, y) {
  const { rowBytes, size, height, rows } = canvas.heap;
  const row = rows.find((one) => y >= one.y && y < one.y + height);
  return row ? (row.row + x / size.width) * rowBytes : null;
}

// What lies under the pointer.
function blockAt(canvas, x, y) {
  const address = addressAt(canvas, x, y);
  if (address === null) return null;
  const { heap } = canvas.heap;
  const within = (block) => address >= block.address && address < block.address + block.bytes;
  const living = heap.living.find(within);
  const freed = living ? null : heap.freed.find(within);
  const words = (block, state) => `block ${block.block} of thread ${block.thread}${state}\n${thousands(block.bytes)} bytes at ${"0x" + block.address.toString(16)}`;
  return living ? words(living, "") : freed ? words(freed, ", freed") : "no block here";
}

// ---- Pages ------------------------------------------------------------------------------------------------------------------

// How large a cell is, in bytes and pixels, so that all that is ever mapped fits with a gap after each mapping.
function cellOf(spaces, pageBytes, size) {
  const fewest = 0.4 * rem();
  for (let bytes = pageBytes; ; bytes *= 2) {
    const cells = d3.sum(spaces, ([start, end]) => Math.ceil((end - start) / bytes) + 1);
    let pixels = Math.min(size.height / 2, 0.9 * rem());
    while (pixels > fewest && Math.floor(size.width / pixels) * Math.floor(size.height / pixels) < cells) pixels -= 0.5;
    if (Math.floor(size.width / pixels) * Math.floor(size.height / pixels) >= cells) return { bytes, pixels };
    if (bytes > 2 ** 46) return { bytes, pixels }; // more mappings than cells: the last ones are not shown
  }
}

// Result: the bytes that a cell stands for.
function drawPages(canvas, map, count, size) {
  const pen = penOn(canvas, size);
  const spaces = spacesOf(map);
  const cell = cellOf(spaces, map.page_bytes, size);
  const columns = Math.floor(size.width / cell.pixels);
  const memory = memoryAfter(map, count);
  const reaches = (ranges, from, to) => ranges.some(([start, end]) => start < to && end > from);
  const living = heapAfter(map, count).living.map((block) => [block.address, block.address + block.bytes]);
  const resident = memory.mappings.flatMap(([, , pages]) => pages);
  const colours = { used: cssColour("--ladder"), resident: residentColour(), mapped: cssColour("--panel") };
  pen.strokeStyle = cssColour("--line");
  d3.select(canvas).attr("role", "img").attr("aria-label", `${bytesText(memory.resident)} resident of ${bytesText(memory.mapped)} mapped`);
  let at = 0;
  for (const [start, end] of spaces) {
    for (let from = start; from < end; from += cell.bytes, at++) {
      const to = Math.min(end, from + cell.bytes);
      const x = (at % columns) * cell.pixels;
      const y = Math.floor(at / columns) * cell.pixels;
      if (y > size.height) return cell.bytes;
      const state = !reaches(resident, from, to) ? (reaches(memory.mappings, from, to) ? "mapped" : null) : reaches(living, from, to) ? "used" : "resident";
      if (state) {
        pen.fillStyle = colours[state];
        pen.fillRect(x, y, cell.pixels - 1, cell.pixels - 1);
      }
      if (state === null || state === "mapped") pen.strokeRect(x + 0.5, y + 0.5, cell.pixels - 2, cell.pixels - 2);
    }
    at++;
  }
  return cell.bytes;
}
