// main.js: puts the page together when everything else is there.
"use strict";

(function main() {
  followSystemTheme();
  const about = [DATA.machine && DATA.machine.sentence, DATA.made_at && `measured ${DATA.made_at.slice(0, 10)}`];
  document.getElementById("about").textContent = about.filter(Boolean).join(". ");
  for (const problem of DATA.problems[""] || []) {
    d3.select("#problems").append("p").attr("class", "message").text(problem);
  }

  const views = allViews();
  layOut(views);
  startPresenter(views);
  const drawAll = () => (presenting() ? drawView(presenter.views[presenter.at]) : views.forEach(drawView));
  drawAll();
  let waiting = null;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 60);
  });
})();
