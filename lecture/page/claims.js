// claims.js: what the course notes say of each idea, and what was measured. A click on a verdict shows the rule that gave it.
"use strict";

const CLAIM_COLUMNS = ["rung", "claim", "figure", "verdict"];

function drawClaims(element, claims) {
  element.replaceChildren();
  const columns = CLAIM_COLUMNS.filter((column) => claims.some((claim) => claim[column]) && (!presenting() || column !== "rung"));
  const table = d3.select(element).append("table");
  table.append("thead").append("tr").selectAll("th").data(columns).join("th").attr("scope", "col").text((column) => column);
  const body = table.append("tbody");
  for (const claim of claims) {
    const row = body.append("tr");
    for (const column of columns.filter((one) => one !== "verdict")) row.append("td").attr("class", column).text(claim[column] ?? "");
    const rule = body.append("tr").attr("class", "rule").attr("hidden", "");
    rule.append("td").attr("colspan", columns.length).text(ruleWords(claim));
    const verdict = row.append("td").attr("class", "verdict").append("button").attr("type", "button").attr("aria-expanded", "false").text(claim.verdict);
    verdict.on("click", (event) => {
      const shows = rule.attr("hidden") !== null;
      if (event.detail > 0) event.currentTarget.blur();  // a mouse: space goes on to the next slide
      if (presenting()) closeRules(body);  // there is room for one
      rule.attr("hidden", shows ? null : "");
      row.classed("open", shows);
      verdict.attr("aria-expanded", String(shows));
      fillSlide(table, element);
    });
  }
  fillSlide(table, element);
}

function closeRules(body) {
  body.selectAll("tr.rule").attr("hidden", "");
  body.selectAll("tr.open").classed("open", false);
  body.selectAll("button").attr("aria-expanded", "false");
}

// On a slide the words are as large as there is room for.
function fillSlide(table, element) {
  if (!presenting()) return;
  for (let size = 1.6; size > 0.95; size -= 0.1) {
    table.style("font-size", `${size}rem`);
    if (table.node().offsetHeight <= element.clientHeight) return;
  }
}

const ruleWords = (claim) => [claim.rule, claim.interval, claim.where, claim.why].filter(Boolean).join("; ") || "no rule was recorded";
