// presenter.js: one idea a screen, with the keys that presenters and their remote controls send. The address names the slide:
// #slide=ID or #slide=3, and #slide=ID&embed shows it bare in the frame of another page. &notes is the speaker's window.
"use strict";

const presenter = { views: [], at: 0, speaker: null };

function showSlide(at, tell = true) {
  presenter.at = Math.max(0, Math.min(at, presenter.views.length - 1));
  const root = document.documentElement;
  root.classList.add("presenting");
  root.classList.remove("black");
  hideTooltip();
  presenter.views.forEach((view, i) => view.section.classList.toggle("current", i === presenter.at));
  markHeading();
  const view = presenter.views[presenter.at];
  document.getElementById("place").textContent = `${presenter.at + 1} / ${presenter.views.length}`;
  history.replaceState(null, "", `#slide=${view.id}${root.classList.contains("embedded") ? "&embed" : ""}${isSpeaker() ? "&notes" : ""}`);
  scrollTo(0, 0);
  drawView(view);
  if (isSpeaker()) showNotes();
  const other = isSpeaker() ? opener : presenter.speaker;
  if (tell && other && !other.closed) other.postMessage({ slide: presenter.at }, "*");
}

// The title of the slide is the first heading of all there is to see then.
function markHeading() {
  document.querySelectorAll("h2[aria-level]").forEach((title) => title.removeAttribute("aria-level"));
  if (presenting()) document.querySelector(".current h2")?.setAttribute("aria-level", "1");
}

function leavePresenter() {
  if (!presenting() || isSpeaker()) return;
  document.documentElement.classList.remove("presenting", "black");
  markHeading();
  history.replaceState(null, "", "#");
  hideTooltip();
  allOfPage.forEach(drawView);
  presenter.views[presenter.at].section.scrollIntoView();
}

// ---- What the keys do -------------------------------------------------------------------------------------------------------

const next = () => showSlide(presenter.at + 1);
const back = () => showSlide(presenter.at - 1);
const blacken = () => document.documentElement.classList.toggle("black");
const fillScreen = () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()).catch(() => {});
const currentView = () => presenter.views[presenter.at];

// [keys, words, what they do]; the first words of a group are what the help says.
const KEYS_WHEN_PRESENTING = [
  [["ArrowRight", "PageDown", " "], "right, PageDown, space, click: next slide", next],
  [["ArrowLeft", "PageUp", "Backspace"], "left, PageUp, Backspace: the one before", back],
  [["Home"], "Home, End: first, last", () => showSlide(0)],
  [["End"], null, () => showSlide(presenter.views.length - 1)],
  [["b"], "b: black screen, and back", blacken],
  [["s"], "s: save the slide as SVG", () => saveSvg(currentView())],
  [["S"], "S: save it as PNG", () => savePng(currentView())],
  [["Escape", "p"], "p, Escape: back to the page", leavePresenter],
];
const KEYS_ALWAYS = [
  [["p"], "p: present", () => showSlide(presenter.at)],
  [["t"], "t: light or dark", () => toggleTheme()],
  [["f"], "f: full screen", fillScreen],
  [["n"], "n: notes, in a window for the speaker", () => openNotes()],
  [["?"], "?: these keys", () => showHelp()],
];
const KEYS_OF_THE_HEAP_MAP = ["down, up: one step on, back", ". and , : a chapter on, back", "r: run, stop", "+ and - : closer, farther"];

function showHelp() {
  const help = document.getElementById("help");
  const words = (keys) => keys.map(([, text]) => text).filter(Boolean);
  const section = (title, list) => `<h2>${title}</h2><ul>${list.map((text) => `<li>${text}</li>`).join("")}</ul>`;
  help.querySelector("div").innerHTML = section("Presenting", words(KEYS_WHEN_PRESENTING)) + section("Always", words(KEYS_ALWAYS)) +
    section("In the heap map", KEYS_OF_THE_HEAP_MAP);
  if (!help.open) help.showModal();
}

function onKey(event) {
  const help = document.getElementById("help");
  if (help.open) {
    if (event.key === "?") help.close();
    return;
  }
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "file";
  const pressing = event.key === " " && /^(BUTTON|SUMMARY|A)$/.test(event.target.tagName);
  if (event.ctrlKey || event.metaKey || event.altKey || typing || pressing) return;
  const isBlack = document.documentElement.classList.contains("black");
  const found = (keys) => keys.find(([names]) => names.includes(event.key));
  const act = (presenting() && found(KEYS_WHEN_PRESENTING)) || found(KEYS_ALWAYS);
  if (!act) return;
  event.preventDefault();
  if (isBlack && event.key === "Escape") blacken();
  else act[2]();
}

// A click goes on, but for one that has something else to do, or that marks text.
function onClick(event) {
  if (!presenting() || isSpeaker() || getSelection().toString() !== "") return;
  if (!event.target.closest("button, input, label, a, summary, dialog, #heapmap canvas")) next();
}

// ---- The page's address -----------------------------------------------------------------------------------------------------

// { at, embed, notes }; at is -1 when the address names no slide that there is.
function addressed() {
  const [, name, more] = /^#slide=([^&]+)(&.*)?$/.exec(location.hash) ?? [];
  const number = Number(name);
  const byName = presenter.views.findIndex((view) => view.id === name);
  const at = byName >= 0 ? byName : number >= 1 && number <= presenter.views.length ? number - 1 : -1;
  return { at, embed: /&embed\b/.test(more ?? ""), notes: /&notes\b/.test(more ?? "") };
}

function followAddress() {
  const { at, embed, notes } = addressed();
  document.documentElement.classList.toggle("embedded", embed);
  document.documentElement.classList.toggle("speaker", notes);
  if (at >= 0) showSlide(at);
}

let allOfPage = [];

function startPresenter(views) {
  allOfPage = views;
  presenter.views = views.filter((view) => !view.pageOnly);
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  addEventListener("hashchange", followAddress);
  addEventListener("message", (event) => Number.isInteger(event.data?.slide) && showSlide(event.data.slide, false));
  document.getElementById("present").addEventListener("click", () => showSlide(presenter.at));
  document.getElementById("theme").addEventListener("click", toggleTheme);
  document.getElementById("keys").addEventListener("click", showHelp);
  followAddress();
}
