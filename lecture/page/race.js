// race.js: how long each backend takes, relative to the C library: one column a program, one row a backend.
"use strict";

// The first ones stand where there is little room.
const RATIO_TICKS = [1, 0.1, 10, 100, 0.01, 1000, 0.25, 4, 0.5, 2, 0.05, 20, 50];

// how: { shown: names of the rows, or all; focus: the backend that the slide is about }
function drawRace(element, section, how = {}) {
  const names = section.backends.filter((name) => !how.shown || how.shown.includes(name));
  const { svg, width, height, u } = drawing(element, names.length * 2.3 + 6, section.finding);
  const left = 6.4 * u;
  const top = 2.2 * u;
  const bottom = height - 3.6 * u;
  const gap = 1.2 * u;
  const columnWidth = (width - left - gap * (section.programs.length - 1)) / section.programs.length;
  const y = d3.scaleBand(names, [top, bottom]).paddingInner(0.28).paddingOuter(0.1);
  const thickness = Math.min(y.bandwidth(), 2.2 * u);
  const middle = (name) => y(name) + y.bandwidth() / 2;

  // All columns share one scale, so that bars can be compared across.
  const ratios = section.programs.flatMap((program) => program.rows).flatMap((row) => (row.over ? [row.over] : [row.low, row.high]));
  const domain = [Math.min(0.8, d3.min(ratios)), Math.max(1.25, d3.max(ratios))];
  const shownRows = section.programs.flatMap((program) => program.rows).filter((row) => names.includes(row.backend));
  const valueRoom = (0.65 * d3.max(shownRows, (row) => valueText(row).length) + 0.7) * u;
  const x = d3.scaleLog(domain, [0.2 * u, columnWidth - valueRoom]);

  svg.append("g").selectAll("text").data(names).join("text")
    .attr("class", (name) => `name ${kindOf(name)} ${name === how.focus ? "focused" : ""}`)
    .attr("x", left - 0.8 * u).attr("y", middle).attr("dy", "0.35em").attr("text-anchor", "end").text((name) => name);

  section.programs.forEach((program, i) => {
    const column = svg.append("g").attr("transform", `translate(${left + i * (columnWidth + gap)},0)`);
    column.append("text").attr("class", "heading").attr("x", (columnWidth - valueRoom) / 2 + 0.1 * u).attr("y", 1.1 * u).attr("text-anchor", "middle")
      .text(`${program.program} ${thousands(program.top)}`);
    const shownTicks = roomyTicks(RATIO_TICKS.filter((t) => t >= domain[0] && t <= domain[1]), x, 3.2 * u);
    for (const tick of shownTicks) {
      column.append("line").attr("class", tick === 1 ? "base" : "rule").attr("x1", x(tick)).attr("x2", x(tick))
        .attr("y1", top).attr("y2", bottom);
      column.append("text").attr("class", "quiet").attr("x", x(tick)).attr("y", bottom + 1.3 * u)
        .attr("text-anchor", "middle").text(`${tick}×`);
    }
    const rows = column.selectAll(".row").data(program.rows.filter((row) => names.includes(row.backend))).join("g")
      .attr("class", (row) => `row ${how.focus && row.backend !== how.focus && row.backend !== "sys" ? "muted" : ""}`)
      .attr("tabindex", 0);
    rows.append("rect").attr("y", (row) => y(row.backend)).attr("height", y.bandwidth()).attr("width", columnWidth)
      .attr("fill", "transparent");
    rows.filter((row) => row.backend !== "sys").append("rect")
      .attr("class", (row) => `bar ${kindOf(row.backend)} ${row.over ? "over" : ""} ${row.unsure ? "unsure" : ""}`)
      .attr("x", (row) => Math.min(x(1), x(row.over || row.ratio))).attr("y", (row) => middle(row.backend) - thickness / 2)
      .attr("width", (row) => Math.abs(x(row.over || row.ratio) - x(1))).attr("height", thickness);
    rows.filter((row) => row.low && row.backend !== "sys").append("line").attr("class", "whisker")
      .attr("x1", (row) => x(row.low)).attr("x2", (row) => x(row.high))
      .attr("y1", (row) => middle(row.backend)).attr("y2", (row) => middle(row.backend));
    rows.append("text").attr("class", "value").attr("dy", "0.35em").attr("y", (row) => middle(row.backend))
      .attr("x", columnWidth - 0.3 * u).attr("text-anchor", "end")
      .text(valueText);
    explain(rows, (row) => raceWords(program, row));
  });
  svg.append("text").attr("class", "quiet").attr("x", left).attr("y", height - 0.7 * u)
    .text(`× the C library’s time, log scale; left is faster; lines: ${d3.min(section.programs, (program) => program.rounds) < 6 ? "all rounds" : "95% interval"}` +
      (shownRows.some((row) => row.unsure) ? "; ?: cannot tell" : ""));
}

// What stands at the end of a row. A very small or large ratio stands as its interval; who points at the row sees both.
function valueText(row) {
  if (row.over) return `over ${d3.format(".0f")(row.over)}×`;
  if (row.backend === "sys") return secondsText(row.median_s);
  const ratio = isExtreme(row.ratio) ? `${factorDigits(row.low)}–${factorText(row.high)}` : factorText(row.ratio);
  return row.unsure ? `${ratio} ?` : ratio;
}

function raceWords(program, row) {
  const command = `${program.program}-${row.backend} ${thousands(program.top)}`;
  if (row.over) return `${command}\nstopped after ${secondsText(row.over_s)}, ${factorText(row.over)} the time of sys`;
  return `${command}\n${secondsText(row.median_s)} ± ${secondsText(row.spread_s)}, median of ${program.rounds} rounds\n` +
    `${row.ratio.toFixed(2)}× sys (${row.low.toFixed(2)} to ${row.high.toFixed(2)})\n` +
    `rounds: ${row.wall_s.map((s) => s.toFixed(3)).join(", ")} s\npeak memory ${row.peak_mib.toFixed(1)} MiB`;
}
