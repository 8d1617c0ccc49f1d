// page.js: the page of one student's heap: the heap map fills it, and its title says what the run that is shown has come to.
"use strict";

(function main() {
  followSystemTheme();
  if (location.hash === "#still") document.documentElement.classList.add("still"); // a picture has nothing to click
  const traces = [...d3.group(DATA.heapmaps, (map) => map.trace).keys()];
  const title = () => {
    document.getElementById("finding").textContent = DATA.findings[heapmapState.trace] ?? DATA.title;
    d3.select("#wrong").selectAll("p").data(DATA.problems[heapmapState.trace] ?? []).join("p").attr("class", "message").text((text) => text);
  };
  document.title = DATA.title;

  const picture = document.querySelector(".picture");
  heapmapState.trace = DATA.start.trace;
  picture.addEventListener("trace", title); // before it is drawn: these lines leave the picture its room
  title();
  heapmap(picture, DATA.heapmaps);
  goToStep(DATA.start.step);

  const keys = {
    ArrowRight: () => goToStep(heapmapState.step + 1), ArrowLeft: () => goToStep(heapmapState.step - 1),
    Home: () => goToStep(0), End: () => goToStep(lastStep()), " ": () => play(), t: toggleTheme,
  };
  traces.forEach((trace, i) => { keys[i + 1] = () => showTrace(trace); });
  document.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  addEventListener("resize", () => redrawHeaps());
})();
