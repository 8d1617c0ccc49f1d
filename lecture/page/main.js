// main.js: puts the page together when everything else is there.
"use strict";

(function main() {
  followSystemTheme();
  const about = [DATA.machine && DATA.machine.sentence, DATA.made_at && `measured ${DATA.made_at.slice(0, 10)}`].filter(Boolean).join("; ");
  const head = d3.select("#about");
  if (DATA.sample) head.append("strong").text(`${DATA.sample} `);
  head.append("span").text(about ? about + ". " : "");
  head.append("span").attr("class", `quiet-state ${DATA.quiet.state}`).text(`${DATA.quiet.sentence}.`);
  if (DATA.quick) head.append("span").text(` ${DATA.quick}`);
  for (const problem of DATA.problems[""] || []) {
    d3.select("#problems").append("p").attr("class", "message").text(problem);
  }

  const views = allViews();
  layOut(views);
  startPresenter(views);
  printSlides();
  const drawAll = () => (presenting() ? drawView(presenter.views[presenter.at]) : views.forEach(drawView));
  drawAll();
  let waiting = null;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 60);
  });
})();
