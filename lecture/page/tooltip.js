// tooltip.js: what stands behind a mark, shown while the pointer or the keyboard's focus is on it.
"use strict";

const tooltip = document.getElementById("tooltip");

function showTooltip(text, x, y) {
  tooltip.textContent = text;
  tooltip.style.display = "block";
  const box = tooltip.getBoundingClientRect();
  tooltip.style.left = Math.max(8, Math.min(x + 16, innerWidth - box.width - 8)) + "px";
  tooltip.style.top = Math.max(8, Math.min(y + 16, innerHeight - box.height - 8)) + "px";
}

function hideTooltip() {
  tooltip.style.display = "none";
}

// selection: marks of a chart; text: a function of the datum.
function explain(selection, text) {
  selection
    .attr("role", "img").attr("aria-label", (datum) => text(datum).replaceAll("\n", "; "))
    .on("pointermove", (event, datum) => showTooltip(text(datum), event.clientX, event.clientY))
    .on("pointerleave", hideTooltip)
    .on("focus", function (event, datum) {
      const box = this.getBoundingClientRect();
      showTooltip(text(datum), box.left, box.bottom);
    })
    .on("blur", hideTooltip);
}
