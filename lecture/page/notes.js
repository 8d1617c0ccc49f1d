// notes.js: the speaker's window: what to say on this slide, which one comes next, and how long one has talked. It is this page
// once more, and the two windows tell each other their slide.
"use strict";

const isSpeaker = () => document.documentElement.classList.contains("speaker");
const talk = { since: null };

function openNotes() {
  if (isSpeaker()) return;
  if (!presenting()) showSlide(presenter.at);
  presenter.speaker = open(`${location.href.replace(/#.*/, "")}#slide=${currentView().id}&notes`, "speaker", "popup,width=900,height=640");
}

// The notes of a slide are those of the longest name that its own begins with.
function notesOf(view) {
  const names = Object.keys(DATA.notes ?? {}).filter((name) => view.id === name || view.id.startsWith(`${name}-`));
  return DATA.notes?.[names.sort((a, b) => b.length - a.length)[0]] ?? "";
}

function showNotes() {
  const following = presenter.views[presenter.at + 1];
  talk.since ??= Date.now();
  const notes = d3.select("#notes");
  notes.select(".now").text(notesOf(currentView()) || "No notes for this slide.");
  notes.select(".following").text(following ? `Next: ${following.title}` : "This is the last slide.");
  clearInterval(talk.timer);
  const tick = () => {
    const seconds = Math.floor((Date.now() - talk.since) / 1000);
    notes.select(".clock").text(`${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
  };
  tick();
  talk.timer = setInterval(tick, 1000);
}
