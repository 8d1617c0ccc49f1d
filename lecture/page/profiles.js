// profiles.js: in which functions the time goes, as bars for every backend and as a flame graph for one.
"use strict";

const PROFILE_LINES = 5;
const ENTRY = new RegExp(DATA.entry);

function drawProfiles(element, profiles) {
  const count = profiles.list.length;
  const columns = count > 6 ? 4 : Math.min(count, 3);
  const rows = Math.ceil(count / columns);
  const { svg, width, height, u } = drawing(element, rows * 12, profiles.finding);
  const gap = 1.8 * u;
  const panelWidth = (width - gap * (columns - 1)) / columns;
  const panelHeight = (height - u * (rows - 1)) / rows;
  const lines = Math.max(1, Math.min(PROFILE_LINES, Math.floor((panelHeight - 2 * u) / (1.75 * u))));

  profiles.list.forEach((profile, i) => {
    const kind = kindOf(profile.backend);
    const panel = svg.append("g").attr("transform", `translate(${(i % columns) * (panelWidth + gap)},${Math.floor(i / columns) * (panelHeight + u)})`);
    panel.append("text").attr("class", `name heading ${kind}`).attr("y", u).text(profile.backend);
    if (profile.samples) {
      panel.append("text").attr("class", "value").attr("x", panelWidth).attr("y", u).attr("text-anchor", "end")
        .text(d3.format(".0%")(profile.in_allocator / profile.samples));
    }
    const functions = panel.selectAll(".row").data(profile.functions.filter((d) => d.percent >= 0.5).slice(0, lines)).join("g")
      .attr("class", "row").attr("tabindex", 0).attr("transform", (d, k) => `translate(0,${(1.7 + 1.75 * k) * u})`);
    functions.append("rect").attr("width", panelWidth).attr("height", 1.6 * u).attr("class", "track");
    functions.append("rect").attr("class", "share").attr("height", 1.6 * u).attr("width", (d) => (d.percent / 100) * panelWidth);
    functions.append("rect").attr("class", "share within").attr("height", 1.6 * u).attr("width", (d) => ((d.within ?? 0) / 100) * panelWidth);
    functions.append("text").attr("y", 1.15 * u).attr("x", 2.7 * u).attr("text-anchor", "end").attr("class", "value")
      .text((d) => `${d.percent.toFixed(0)}%`);
    functions.append("text").attr("y", 1.15 * u).attr("x", 3.2 * u).each(function (d) { fitText(this, plainName(d.name), panelWidth - 3.4 * u); });
    explain(functions, (d) => `${d.name}: ${d.percent.toFixed(1)}% of ${secondsText(profile.cpu_s)}${profile.samples ? `, ${(d.within ?? 0).toFixed(1)}% in the allocator` : ""}\n` +
      `${profile.program}-${profile.backend} -t 1 ${thousands(profile.top)}, measured with ${profile.tool}`);
  });
}

// A function of the C library without what only its authors need to know.
const plainName = (name) => name.replace(/^_*(GI_+|lll_)/, "").replace(/_optimized$/, "");

// A text that is somewhat too long is set closer, to seven tenths; only beyond that it is cut.
function fitText(element, text, room) {
  element.textContent = text;
  for (let kept = text.length - 1; element.getComputedTextLength() > room / 0.7 && kept > 0; kept--) element.textContent = `${text.slice(0, kept)}…`;
  if (element.getComputedTextLength() > room) d3.select(element).attr("textLength", room).attr("lengthAdjust", "spacingAndGlyphs");
}

// The stacks as a tree: each function is as wide as the time below it.
function stackTree(stacks) {
  const root = { name: "all", samples: 0, children: new Map(), within: false };
  for (const { stack, samples } of stacks) {
    let node = root;
    node.samples += samples;
    for (const name of stack) {
      if (!node.children.has(name)) {
        const within = node.within || ENTRY.test(name);
        node.children.set(name, { name, samples: 0, children: new Map(), within });
      }
      node = node.children.get(name);
      node.samples += samples;
    }
  }
  return root;
}

let flameBackend = null;

function drawFlame(element, profiles) {
  const able = profiles.list.filter((profile) => (profile.stacks || []).length > 0);
  const chosen = able.find((profile) => profile.backend === flameBackend) || able[0];
  element.replaceChildren();
  d3.select(element.closest(".view")).select(".lead").text(`${chosen.program} with ${chosen.backend}, by perf. Blue: in the allocator.`);
  const choices = d3.select(element).append("div").attr("class", "choices");
  choices.selectAll("button").data(able).join("button").attr("type", "button")
    .attr("aria-pressed", (profile) => String(profile === chosen)).text((profile) => profile.backend)
    .on("click", (event, profile) => { flameBackend = profile.backend; drawFlame(element, profiles); });

  const u = rem();
  const used = choices.node().getBoundingClientRect().height + 0.8 * u;
  const tree = d3.hierarchy(stackTree(chosen.stacks), (node) => [...node.children.values()]);
  tree.each((node) => { node.value = node.data.samples; });
  tree.sort((a, b) => b.value - a.value);
  const depth = tree.height + 1;
  const width = element.clientWidth;
  const rowHeight = presenting() ? Math.min(2.1 * u, (element.clientHeight - used) / depth) : 1.8 * u;
  const svg = d3.select(element).append("svg").attr("width", width).attr("height", rowHeight * depth).attr("class", "flame");
  d3.partition().size([width, rowHeight * depth])(tree);
  const boxes = svg.selectAll("g").data(tree.descendants().filter((node) => node.x1 - node.x0 > 1)).join("g")
    .attr("class", (node) => (node.data.within ? "within" : ""))
    .attr("transform", (node) => `translate(${node.x0},${(depth - 1 - node.depth) * rowHeight})`);
  boxes.append("rect").attr("width", (node) => node.x1 - node.x0).attr("height", rowHeight);
  boxes.filter((node) => node.x1 - node.x0 > (node.data.name.length * 0.62 + 0.8) * u && rowHeight > 1.1 * u).append("text")
    .attr("x", 0.4 * u).attr("y", rowHeight / 2).attr("dy", "0.35em").text((node) => node.data.name);
  explain(boxes, (node) => `${node.data.name}\n${d3.format(".1%")(node.value / tree.value)} of the time of ${chosen.program}-${chosen.backend}`);
}
