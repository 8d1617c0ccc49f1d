// views.js: the pictures in their order: what each is called, what it says, and who draws it.
"use strict";

// A view: { id, title, lead, draw(element), problems, missing, slideOnly, pageOnly }.
function allViews() {
  const views = [];
  const add = (kind, view) => {
    const problem = DATA.problems[kind];
    if (problem && !view) views.push({ id: kind, title: KIND_TITLES[kind], problems: problem });
    else if (view) views.push({ ...view, problems: problem });
  };

  views.push({ id: "title", slideOnly: true, title: "Allocators, side by side", draw: drawTitle });
  views.push({
    id: "programs", title: "Three programs, one header: where does a block go?",
    lead: "Each searches for the number below TOP that takes the most Collatz steps, and keeps its results in your blocks.", draw: drawPrograms,
  });
  for (const rung of DATA.rungs) {
    if (hasIdea(rung.backend)) {
      views.push({
        id: `idea-${rung.backend}`, slideOnly: true, title: rung.idea, lead: `${rung.backend} in a real run. The frame marks the last call.`,
        draw: (element) => drawIdea(element, rung.backend),
      });
    }
    const section = DATA.race.sections.find((one) => one.id === rung.section);
    views.push({
      id: `rung-${rung.backend}`, slideOnly: true, title: rung.finding.replace(/\.$/, ""), lead: rung.idea,
      draw: (element) => drawRace(element, section, { shown: rung.shown, focus: rung.backend }),
    });
    for (const group of claimGroups()) if (group.rung === rung.backend) addClaims(views, group);
  }
  if (!DATA.race) add("race");
  for (const section of DATA.race ? DATA.race.sections : []) {
    add("race", {
      id: `race-${section.id}`, title: section.finding,
      lead: `${section.about}. All do the same work in turns, with ${DATA.race.threads} threads.`,
      draw: (element) => drawRace(element, section),
    });
  }
  if (DATA.scaling.length === 0) add("scaling");
  for (const scaling of DATA.scaling) {
    add("scaling", {
      id: `scaling-${scaling.pattern}`, title: scaling.finding, lead: `${PATTERN_LEADS[scaling.pattern] || `Pattern ${scaling.pattern}.`} ${scaling.waits}`,
      draw: (element) => drawScaling(element, scaling),
    });
  }
  add("memory", DATA.memory && {
    id: "memory", title: DATA.memory.finding,
    lead: "Beside each name: the MiB that it still holds when a sixteenth of the peak is in use.",
    draw: (element) => drawMemory(element, DATA.memory), missing: DATA.memory.missing,
  });
  if (typeof heapmap === "function") {
    add("heapmaps", {
      id: "heapmap", title: HEAPMAP_TITLE, draw: (element) => heapmap(element, DATA.heapmaps),
    });
  }
  add("profiles", DATA.profiles && {
    id: "profiles", title: DATA.profiles.finding,
    lead: DATA.profiles.tool === "perf" ? "The hottest functions of list, release build, one thread, by perf. Blue: in the allocator; beside each name its share." :
      "The hottest functions of list, one thread, in a slower build for gprof.",
    draw: (element) => drawProfiles(element, DATA.profiles), missing: DATA.profiles.missing,
  });
  if (DATA.profiles && DATA.profiles.list.some((profile) => (profile.stacks || []).length > 0)) {
    add("profiles", {
      id: "flame", title: "Who called whom: the wider a function, the more time it takes with all that it calls",
      lead: "Blue: in the allocator.", draw: (element) => drawFlame(element, DATA.profiles),
    });
  }
  add("claims", DATA.claims && {
    id: "claims", pageOnly: true, title: DATA.claims.finding, draw: (element) => drawClaims(element, DATA.claims.list),
  });
  for (const group of claimGroups()) if (!DATA.rungs.some((rung) => rung.backend === group.rung)) addClaims(views, group);
  return views;
}

const KIND_TITLES = {
  race: "The race", scaling: "The cost of a call by threads", memory: "Memory over time",
  profiles: "Where the time goes", claims: "What the course notes say",
};

const PATTERN_LEADS = {
  pairs: "Take a block, give it back, again and again.",
  crowd: "Each thread keeps many small blocks for a while, so that a cache or a list runs out.",
};

const CLAIMS_A_SLIDE = 5;

const claimGroups = () => (DATA.claims ? DATA.claims.groups : []);

// What the notes say of one rung comes after its slide, a few claims a slide.
function addClaims(views, group) {
  const slides = Math.ceil(group.list.length / CLAIMS_A_SLIDE);
  const each = Math.ceil(group.list.length / slides);
  for (let i = 0; i < slides; i++) {
    const claims = group.list.slice(i * each, (i + 1) * each);
    const part = slides > 1 ? ` (${i + 1} of ${slides})` : "";
    views.push({ id: `claims-${group.rung}-${i + 1}`, slideOnly: true, title: group.finding + part, draw: (element) => drawClaims(element, claims) });
  }
}

// The first slide: what was measured, where, when, and how quiet it was there.
function drawTitle(element) {
  element.replaceChildren();
  const root = d3.select(element).append("div").attr("class", "title-page");
  root.append("p").attr("class", "what").text("Why each idea pays, in numbers of one machine");
  for (const text of [DATA.sample, DATA.machine?.sentence, !DATA.sample && DATA.made_at && `Measured ${DATA.made_at.slice(0, 10)}.`, `${DATA.quiet.sentence}.`, DATA.quick]) {
    if (text) root.append("p").text(text);
  }
}

// The sections of the page, one a view.
function layOut(views) {
  const main = d3.select("#views");
  main.html("");
  views.forEach((view, i) => {
    const section = main.append("section").attr("id", view.id)
      .attr("class", `view ${view.slideOnly ? "slide-only" : ""} ${view.pageOnly ? "page-only" : ""}`);
    section.append("h2").attr("id", `${view.id}-title`).text(view.title);
    section.attr("aria-labelledby", `${view.id}-title`);
    if (view.lead) section.append("p").attr("class", "lead").text(view.lead);
    for (const problem of view.problems || []) section.append("p").attr("class", "message").text(problem);
    const missing = Object.entries(view.missing || {}).map(([backend, why]) => `${backend} ${why}`);
    if (missing.length > 0) section.append("p").attr("class", "missing").text(`Missing: ${missing.join("; ")}.`);
    const next = views.slice(i + 1).find((one) => !one.slideOnly);
    if (view.draw && next) section.append("a").attr("class", "skip").attr("href", `#${next.id}`).text("Skip this picture");
    view.section = section.node();
    view.element = section.append("div").attr("class", "picture").node();
    if (!view.draw) return;
    const saves = section.append("div").attr("class", "saves");
    for (const [text, save] of [["SVG", saveSvg], ["PNG", savePng]]) {
      saves.append("button").attr("type", "button").attr("aria-label", `Save ${text} of ${view.id}`).text(`Save ${text}`).on("click", () => save(view));
    }
  });
}

// A picture that fails says so in its own place, and leaves the others alone.
function drawView(view) {
  if (!view.draw || view.element.clientWidth === 0) return;
  try {
    view.draw(view.element);
  } catch (error) {
    view.element.replaceChildren();
    d3.select(view.element).append("p").attr("class", "message").text(`This picture cannot be drawn from these results: ${error.message}`);
    console.error(error.stack);
  }
}
