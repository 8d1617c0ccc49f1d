// scaling.js: what a call costs, by threads: flat is good. The page says who waits for a lock, from counts of waits.
"use strict";

function drawScaling(element, scaling, how = {}) {
  const { svg, width, height, u } = drawing(element, 30, scaling.finding);
  const left = 5.2 * u;
  const right = width - 10.2 * u;
  const top = 1.2 * u;
  const bottom = height - 3.8 * u;
  const points = scaling.series.flatMap((one) => one.points);
  const x = d3.scaleLog(d3.extent(scaling.threads), [left + u, right]).base(2);
  const y = d3.scaleLog([d3.min(points, (p) => p.low) * 0.85, d3.max(points, (p) => p.high) * 1.1], [bottom, top]);

  const ticks = d3.merge([1, 10, 100, 1000, 10000].map((t) => [t, 2 * t, 5 * t])).filter((t) => t >= y.domain()[0] && t <= y.domain()[1]);
  for (const tick of roomyTicks(ticks, y, 1.6 * u)) {
    svg.append("line").attr("class", "rule").attr("x1", left).attr("x2", right).attr("y1", y(tick)).attr("y2", y(tick));
    svg.append("text").attr("class", "quiet").attr("x", left - 0.5 * u).attr("y", y(tick)).attr("dy", "0.35em")
      .attr("text-anchor", "end").text(`${thousands(tick)} ns`);
  }
  for (const count of scaling.threads) {
    svg.append("text").attr("x", x(count)).attr("y", bottom + 1.5 * u).attr("text-anchor", "middle")
      .text(count === 1 ? "1 thread" : count === scaling.full ? `${count}: one a core` : count);
  }
  svg.append("text").attr("class", "quiet").attr("x", left).attr("y", height - 0.7 * u)
    .text(scaling.waiting ? "core time of one call, waiting included, log scale; always the same work" : "CPU time of one call, log scale; always the same work");
  if (scaling.full) {
    svg.append("line").attr("class", "base").attr("x1", x(scaling.full)).attr("x2", x(scaling.full)).attr("y1", top).attr("y2", bottom);
  }

  const labels = scaling.series.map((one) => {
    const last = one.points[one.points.length - 1];
    return { one, last, at: y(last.median), y: y(last.median) };
  });
  spread(labels, Math.min(1.35 * u, (bottom - top) / labels.length), top + 0.5 * u, bottom);

  const line = d3.line((p) => x(p.threads), (p) => y(p.median));
  const drawnLast = { peer: 0, ladder: 1, sys: 2, par: 3 };
  const series = svg.selectAll(".series").data([...labels].sort((a, b) => drawnLast[kindOf(a.one.backend)] - drawnLast[kindOf(b.one.backend)]))
    .join("g").attr("class", "series");
  series.append("path").attr("class", (d) => `curve ${kindOf(d.one.backend)}`).attr("d", (d) => line(d.one.points))
    .style("stroke", (d) => styleOf(d.one.backend).colour).style("stroke-dasharray", (d) => styleOf(d.one.backend).dash);
  series.append("path").attr("class", "leader").attr("d", (d) => `M${right + 0.3 * u},${d.at}L${right + 1.3 * u},${d.y}`).style("stroke", (d) => styleOf(d.one.backend).colour);
  series.append("path").attr("transform", (d) => `translate(${right + 1.9 * u},${d.y})`).attr("d", (d) => d3.symbol(styleOf(d.one.backend).shape, (0.65 * u) ** 2)())
    .attr("class", (d) => `mark ${kindOf(d.one.backend)} at-label`).style("stroke", (d) => styleOf(d.one.backend).colour)
    .style("fill", (d) => (kindOf(d.one.backend) === "ladder" || kindOf(d.one.backend) === "par" ? styleOf(d.one.backend).colour : null));
  series.append("text").attr("class", (d) => `name ${kindOf(d.one.backend)}`).attr("x", right + 2.6 * u).attr("y", (d) => d.y)
    .attr("dy", "0.35em").text((d) => `${d.one.backend} ${d3.format(",.2r")(d.last.median)}`);
  const marks = series.selectAll(".mark:not(.at-label)").data((d) => d.one.points.map((p) => ({ ...p, backend: d.one.backend }))).join("path")
    .attr("class", (p) => `mark ${kindOf(p.backend)}`).attr("tabindex", 0)
    .attr("transform", (p) => `translate(${x(p.threads)},${y(p.median)})`)
    .attr("d", (p) => d3.symbol(styleOf(p.backend).shape, (0.65 * u) ** 2)())
    .style("fill", (p) => (kindOf(p.backend) === "ladder" || kindOf(p.backend) === "par" ? styleOf(p.backend).colour : null))
    .style("stroke", (p) => styleOf(p.backend).colour);
  explain(marks, (p) => `${p.backend}, ${p.threads} thread${p.threads === 1 ? "" : "s"}\n` +
    `${p.median.toFixed(1)} ns a call, median of ${p.rounds} round${p.rounds === 1 ? "" : "s"}\nfrom ${p.low.toFixed(1)} to ${p.high.toFixed(1)} ns`);
}
