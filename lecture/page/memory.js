// memory.js: what the program has asked for and what the process holds, over the same calls for each backend.
"use strict";

function drawMemory(element, memory) {
  const count = memory.series.length;
  const columns = count > 8 ? 5 : count > 4 ? 4 : count;
  const rows = Math.ceil(count / columns);
  const { svg, width, height, u } = drawing(element, rows * 14 + 2, memory.finding);
  const gap = 1.4 * u;
  const legend = 2 * u;
  const panelWidth = (width - gap * (columns - 1)) / columns;
  const panelHeight = (height - legend - gap * (rows - 1)) / rows;
  const most = d3.max(memory.series, (one) => d3.max(one.resident_kib));

  drawMemoryLegend(svg, memory, width, u);
  memory.series.forEach((one, i) => {
    const kind = kindOf(one.backend);
    const panel = svg.append("g").datum(one).attr("tabindex", 0).attr("class", "row")
      .attr("transform", `translate(${(i % columns) * (panelWidth + gap)},${legend + Math.floor(i / columns) * (panelHeight + gap)})`);
    const top = 1.7 * u;
    const x = d3.scaleLinear([0, one.asked_kib.length - 1], [0, panelWidth]);
    const y = d3.scaleLinear([0, most], [panelHeight, top]);
    const indexes = d3.range(one.asked_kib.length);
    panel.append("rect").attr("width", panelWidth).attr("height", panelHeight).attr("fill", "transparent");
    const starts = indexes.filter((at) => at > 0 && one.phases[at] !== one.phases[at - 1]);
    panel.append("path").attr("class", `wasted ${kind}`)
      .attr("d", d3.area(x, (at) => y(Math.min(one.asked_kib[at], one.resident_kib[at])), (at) => y(one.resident_kib[at]))(indexes));
    panel.append("path").attr("class", "asked").attr("d", d3.area(x, y(0), (at) => y(one.asked_kib[at]))(indexes));
    panel.append("path").attr("class", `resident ${kind}`).attr("d", d3.line(x, (at) => y(one.resident_kib[at]))(indexes));
    panel.selectAll(".phase").data(starts.slice(1)).join("line").attr("class", "rule phase")
      .attr("x1", (at) => x(at)).attr("x2", (at) => x(at)).attr("y1", top).attr("y2", panelHeight);
    panel.append("line").attr("class", "rule").attr("x2", panelWidth).attr("y1", panelHeight).attr("y2", panelHeight);
    panel.append("text").attr("class", `name heading ${kind}`).attr("y", 0.9 * u).text(one.backend);
    panel.append("text").attr("class", "value").attr("x", panelWidth).attr("y", 0.9 * u).attr("text-anchor", "end")
      .text(one.rest ? mebibytes(one.rest.median).replace(" MiB", "") : "");
    explain(panel, () => `${one.backend}\npeak ${mebibytes(d3.max(one.resident_kib))}, ${one.over_asked.toFixed(2)} times what was asked for at most\n` +
      (one.rest ? `${mebibytes(one.rest.median)} held with ${mebibytes(one.rest.asked)} in use (${mebibytes(one.rest.low)} to ${mebibytes(one.rest.high)}, ${one.rest.runs} runs)\n` : "") +
      `${mebibytes(one.kept_kib)} when all is freed`);
  });
}

function drawMemoryLegend(svg, memory, width, u) {
  const legend = svg.append("g");
  const entry = (x, className, text) => {
    legend.append("rect").attr("class", className).attr("x", x).attr("width", 1.1 * u).attr("height", 1.1 * u);
    legend.append("text").attr("x", x + 1.5 * u).attr("y", 0.95 * u).text(text);
  };
  entry(0, "asked", "asked for");
  entry(7.4 * u, "wasted", "held beyond that");
  legend.append("text").attr("class", "quiet").attr("x", width).attr("y", 0.95 * u).attr("text-anchor", "end")
    .text(`grow to ${memory.peak_mib} MiB, thin out, other sizes, shrink, free all`);
}
