// presenter.js: one idea a screen. Right and left go on and back, Home and End to the first and last, Escape to the page.
"use strict";

const presenter = { views: [], at: 0 };

function showSlide(at) {
  presenter.at = Math.max(0, Math.min(at, presenter.views.length - 1));
  document.documentElement.classList.add("presenting");
  hideTooltip();
  presenter.views.forEach((view, i) => view.section.classList.toggle("current", i === presenter.at));
  const view = presenter.views[presenter.at];
  document.getElementById("place").textContent = `${presenter.at + 1} / ${presenter.views.length}`;
  history.replaceState(null, "", `#slide=${view.id}`);
  scrollTo(0, 0);
  drawView(view);
}

function leavePresenter() {
  if (!presenting()) return;
  document.documentElement.classList.remove("presenting");
  history.replaceState(null, "", "#");
  hideTooltip();
  allOfPage.forEach(drawView);
  presenter.views[presenter.at].section.scrollIntoView();
}

const WHEN_PRESENTING = {
  ArrowRight: () => showSlide(presenter.at + 1), PageDown: () => showSlide(presenter.at + 1),
  ArrowLeft: () => showSlide(presenter.at - 1), PageUp: () => showSlide(presenter.at - 1),
  Home: () => showSlide(0), End: () => showSlide(presenter.views.length - 1), Escape: leavePresenter, p: leavePresenter,
};
const ALWAYS = { p: () => showSlide(presenter.at), t: toggleTheme };

let allOfPage = [];

function startPresenter(views) {
  allOfPage = views;
  presenter.views = views.filter((view) => !view.pageOnly);
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "file";
    if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
    const act = (presenting() && WHEN_PRESENTING[event.key]) || ALWAYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  document.getElementById("present").addEventListener("click", () => showSlide(presenter.at));
  document.getElementById("theme").addEventListener("click", toggleTheme);
  const asked = /^#slide=(.+)$/.exec(location.hash);
  const at = asked ? presenter.views.findIndex((view) => view.id === asked[1]) : -1;
  if (at >= 0) showSlide(at);
}
