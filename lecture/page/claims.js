// claims.js: what the course notes say of each idea, and what was measured.
"use strict";

const CLAIM_COLUMNS = ["rung", "claim", "figure", "where", "verdict"];

function drawClaims(element, claims) {
  element.replaceChildren();
  const onSlide = (column) => column !== "rung" && column !== "where";
  const columns = CLAIM_COLUMNS.filter((column) => claims.some((claim) => claim[column]) && (!presenting() || onSlide(column)));
  const table = d3.select(element).append("table");
  table.append("thead").append("tr").selectAll("th").data(columns).join("th").text((column) => column);
  table.append("tbody").selectAll("tr").data(claims).join("tr")
    .selectAll("td").data((claim) => columns.map((column) => ({ column, text: claim[column] ?? "" }))).join("td")
    .attr("class", (cell) => cell.column).text((cell) => cell.text);
}
