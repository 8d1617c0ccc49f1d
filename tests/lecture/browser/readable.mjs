// readable.mjs: can a slide be read? No text lies on another, none leaves the screen, none is cut, none is smaller than 24 pixels
// on a slide of 1280 x 720. And is it used: no half of it is empty, and pictures have most of the room.

// All texts that can be seen, with their boxes. Runs in the page.
function textBoxes(selector) {
  const seen = [];
  for (const root of document.querySelectorAll(selector)) {
    for (const element of [root, ...root.querySelectorAll("*")]) {
      const isText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
      if (!isText || element.matches("style, script, option, svg title")) continue;
      if (getComputedStyle(element).visibility === "hidden" || element.closest(".unseen, .skip")) continue;
      const about = { text: element.textContent.trim(), size: parseFloat(getComputedStyle(element).fontSize), element };
      const isInline = getComputedStyle(element).display === "inline" && !element.ownerSVGElement;
      for (const box of isInline ? element.getClientRects() : [element.getBoundingClientRect()]) {
        if (box.width > 0) seen.push({ ...about, left: box.left, right: box.right, top: box.top, bottom: box.bottom });
      }
    }
  }
  return seen;
}

// Lines of text have some air above and below, which may overlap.
function overlapping(boxes) {
  const found = [];
  const shrunk = (box) => ({ ...box, top: box.top + 0.18 * (box.bottom - box.top), bottom: box.bottom - 0.18 * (box.bottom - box.top) });
  for (let i = 0; i < boxes.length; i++) {
    for (let k = i + 1; k < boxes.length; k++) {
      const [a, b] = [shrunk(boxes[i]), shrunk(boxes[k])];
      if (a.element.contains(b.element) || b.element.contains(a.element)) continue;
      if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1) found.push(`"${a.text}" and "${b.text}"`);
    }
  }
  return found;
}

// Result: what is wrong with the texts under the selector, a line each. On a slide none may leave the screen either.
export function faults(page, selector, isSlide) {
  const source = `(() => {
    ${textBoxes}
    ${overlapping}
    const boxes = textBoxes(${JSON.stringify(selector)});
    const faults = overlapping(boxes).map((words) => "one lies on the other: " + words);
    if (!${isSlide}) return faults;
    for (const box of boxes) {
      if (box.left < 0 || box.right > innerWidth + 1 || box.top < 0 || box.bottom > innerHeight + 1) faults.push("leaves the screen: " + box.text);
      if (box.text.endsWith("…")) faults.push("is cut: " + box.text);
      if (box.size < 24 * Math.min(innerWidth / 1280, innerHeight / 720) - 0.1) faults.push("only " + box.size + " pixels: " + box.text);
    }
    return faults;
  })()`;
  return page.evaluate(source);
}

// Result: how much of a slide is not used, a line for each. A table whose words are as large as they get may end early.
export function waste(page) {
  return page.evaluate(() => {
    const slide = document.querySelector(".current");
    const found = [];
    const boxes = [...slide.querySelectorAll(".picture :is(text, rect, circle, td, canvas, p)")].map((one) => one.getBoundingClientRect()).filter((box) => box.width > 0);
    const largest = [...slide.querySelectorAll("table")].some((table) => parseFloat(table.style.fontSize) > 1.55);
    const bottom = Math.max(...boxes.map((box) => box.bottom));
    if (bottom < 0.8 * innerHeight && !largest && slide.id !== "title") found.push(`below ${Math.round(bottom)} it is empty`);
    const blocks = [...slide.querySelectorAll("canvas.blocks")];
    const least = slide.id === "heapmap" ? 0.32 : 0.45;
    for (const canvas of blocks) if (canvas.clientHeight < least * innerHeight) found.push(`a heap has ${canvas.clientHeight} pixels`);
    for (const column of slide.querySelectorAll("svg > g:has(> .row > .bar)")) {
      const frame = column.querySelector(".row > rect").getBoundingClientRect();
      const words = Math.min(...[...column.querySelectorAll(".value")].map((one) => one.getBoundingClientRect().left));
      if (words - frame.left < 0.6 * frame.width) found.push(`bars have ${Math.round(words - frame.left)} of ${Math.round(frame.width)} pixels`);
    }
    return found;
  });
}

// Those entries of the legend whose colour is in none of the slide's canvases.
export function strangeEntries(page) {
  return page.evaluate(() => {
    const seen = new Set();
    for (const canvas of document.querySelectorAll(".current canvas")) {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      for (let at = 0; at < data.length; at += 4) seen.add(`${data[at]}, ${data[at + 1]}, ${data[at + 2]}`);
    }
    return [...document.querySelectorAll(".current .legend span")].filter((entry) => {
      const colour = /rgb\((.*)\)/.exec(entry.querySelector("i") ? getComputedStyle(entry.querySelector("i")).backgroundColor : "");
      return colour && !seen.has(colour[1]);
    }).map((entry) => entry.textContent);
  });
}
