// save.js: a picture to take along: its slide as one SVG, or as PNG twice as large. Charts are copied with the styles that they
// have now; words and canvases that are no SVG are put at the places where they stand.
"use strict";

const SAVED_STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "opacity", "font-family",
  "font-size", "font-weight", "text-anchor", "dominant-baseline"];
const SVG_SPACE = "http://www.w3.org/2000/svg";

function styledCopy(svg) {
  const copy = svg.cloneNode(true);
  const originals = [svg, ...svg.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
    const style = getComputedStyle(originals[i]);
    for (const name of SAVED_STYLES) element.style.setProperty(name, style.getPropertyValue(name));
    ["tabindex", "class", "role"].forEach((name) => element.removeAttribute(name));
  });
  return copy;
}

// The words of a text node, a line each: [{ text, left, bottom }].
function linesOf(node) {
  const lines = [];
  const range = document.createRange();
  for (const match of node.data.matchAll(/\S+\s*/g)) {
    range.setStart(node, match.index);
    range.setEnd(node, match.index + match[0].trimEnd().length);
    const box = range.getBoundingClientRect();
    const last = lines[lines.length - 1];
    if (last && Math.abs(last.top - box.top) < 2) last.text += match[0];
    else lines.push({ text: match[0], left: box.left, top: box.top, bottom: box.bottom });
  }
  return lines;
}

// The slide as the text of an SVG, with its size.
function svgOf(view) {
  const frame = view.section.getBoundingClientRect();
  const root = document.createElementNS(SVG_SPACE, "svg");
  const add = (name, attributes, to = root) => {
    const element = document.createElementNS(SVG_SPACE, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return to.appendChild(element);
  };
  const [width, height] = [Math.ceil(frame.width), Math.ceil(frame.height)];
  for (const [key, value] of Object.entries({ xmlns: SVG_SPACE, width, height, viewBox: `0 0 ${width} ${height}` })) root.setAttribute(key, value);
  add("title", {}).textContent = view.title;
  add("rect", { width, height, fill: getComputedStyle(document.body).backgroundColor });
  const walk = (element) => {
    const box = element.getBoundingClientRect();
    const place = { x: box.left - frame.left, y: box.top - frame.top, width: box.width, height: box.height };
    if (box.width === 0 || element.matches(".choices, .saves, .skip, .unseen")) return;
    if (element.matches("svg")) {
      const copy = root.appendChild(styledCopy(element));
      copy.setAttribute("x", place.x);
      copy.setAttribute("y", place.y);
      copy.setAttribute("overflow", "visible");
      return;
    }
    if (element.matches("canvas")) return void add("image", { ...place, href: element.toDataURL() });
    const style = getComputedStyle(element);
    if (element.matches("i")) {
      const border = parseFloat(style.borderTopWidth) > 0 ? `;stroke:${style.borderTopColor}${style.borderTopStyle === "dashed" ? ";stroke-dasharray:3 3" : ""}` : "";
      return void add("rect", { ...place, style: `fill:${style.backgroundColor}${border}` });
    }
    for (const node of element.childNodes) {
      if (node.nodeType === Node.ELEMENT_NODE) walk(node);
      else if (node.nodeType === Node.TEXT_NODE) {
        for (const line of linesOf(node)) {
          const size = parseFloat(style.fontSize);
          add("text", { x: line.left - frame.left, y: (line.top + line.bottom) / 2 - frame.top + 0.35 * size, style: `fill:${style.color};font:${style.fontWeight} ${size}px ${style.fontFamily.replaceAll('"', "'")}` })
            .textContent = line.text.trimEnd();
        }
      }
    }
  };
  walk(view.section);
  return { text: new XMLSerializer().serializeToString(root), width, height };
}

function offer(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function saveSvg(view) {
  offer(new Blob([svgOf(view).text], { type: "image/svg+xml" }), `${view.id}.svg`);
}

async function savePng(view) {
  const { text, width, height } = svgOf(view);
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * width, 2 * height];
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => offer(blob, `${view.id}.png`), "image/png");
}
