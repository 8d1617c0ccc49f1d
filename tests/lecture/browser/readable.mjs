// readable.mjs: can a slide be read? No text lies on another, none leaves the screen, none is smaller than 24 pixels on a slide of
// 1280 x 720.

// All texts that can be seen, with their boxes. Runs in the page.
function textBoxes(selector) {
  const seen = [];
  for (const root of document.querySelectorAll(selector)) {
    for (const element of root.querySelectorAll("svg text, h1, h2, p, td, th, button, label, .legend b, #place")) {
      const box = element.getBoundingClientRect();
      const text = element.textContent.trim();
      if (text === "" || box.width === 0 || getComputedStyle(element).visibility === "hidden" || element.closest(".unseen, .skip")) continue;
      seen.push({ text, left: box.left, right: box.right, top: box.top, bottom: box.bottom, size: parseFloat(getComputedStyle(element).fontSize), element });
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
      if (box.size < 24 * Math.min(innerWidth / 1280, innerHeight / 720) - 0.1) faults.push("only " + box.size + " pixels: " + box.text);
    }
    return faults;
  })()`;
  return page.evaluate(source);
}
