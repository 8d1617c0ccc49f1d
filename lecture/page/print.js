// print.js: on paper or as PDF each slide is a page of 1280 x 720 pixels, light, whatever the screen shows.
"use strict";

function printSlides() {
  const root = document.documentElement;
  const before = { theme: root.dataset.theme, presents: presenting() };
  addEventListener("beforeprint", () => {
    Object.assign(before, { theme: root.dataset.theme, presents: presenting() });
    root.dataset.theme = "light";
    root.classList.remove("presenting");
    root.classList.add("printing");
    presenter.views.forEach(drawView);
  });
  addEventListener("afterprint", () => {
    root.dataset.theme = before.theme;
    root.classList.remove("printing");
    root.classList.toggle("presenting", before.presents);
    if (before.presents) showSlide(presenter.at);
    else allOfPage.forEach(drawView);
  });
}
