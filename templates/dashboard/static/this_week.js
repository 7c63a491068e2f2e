// Sends each change as it is typed, dragged or pressed, and shows the letter with it. Without this file each
// form has a button and the page is loaded anew.
"use strict";

// Milliseconds without a key until what was typed is sent. They only gather what comes at once: while one change
// is under way, whatever is typed meanwhile waits for it, and goes in one.
const TYPING = 25;
const timers = new Map();
const queued = new Set(); // those of them that wait for their turn

page.classList.add("scripted");

function told(words, wrong = false) {
  const saved = document.getElementById("saved");
  if (!saved) return;
  saved.textContent = words;
  saved.classList.toggle("wrong", wrong);
}

// Fields.

function plain(text) {
  return text.split(/\r\n|\r|\n/).map((line) => line.trimEnd()).join("\n").trim();
}

function fieldsOf(form) {
  return [...form.elements].filter((field) => field.name && form.elements[`was-${field.name}`]);
}

function isChanged(form) {
  return fieldsOf(form).some((field) => plain(field.value) !== plain(form.elements[`was-${field.name}`].value));
}

function schedule(form, wait = TYPING) {
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => save(form), wait));
}

// The letter shows what was typed; the rest of the page waits while more is to be sent.
busy = () => timers.size + queued.size > 0;

function save(form) {
  clearTimeout(timers.get(form));
  timers.delete(form);
  if (queued.has(form)) return changes;
  queued.add(form);
  return inTurn(() => {
    queued.delete(form);
    return isChanged(form) ? send(form) : null;
  });
}

// Everything that was typed is sent before anything else is done.
function settle() {
  for (const form of [...timers.keys()]) save(form);
  return changes;
}

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form.fields");
  if (form) schedule(form, event.target.matches("select") ? 0 : TYPING);
});

document.addEventListener("focusout", (event) => {
  const form = event.target.closest?.("form.fields");
  if (form && timers.has(form)) save(form);
});

async function send(form, submitter) {
  told("Saving…");
  try {
    const body = new URLSearchParams(new FormData(form, submitter));
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
    if (answer.type === "opaqueredirect") {
      for (const field of fieldsOf(form)) form.elements[`was-${field.name}`].value = body.get(field.name);
      await refresh();
      told(whereItIs(form) ?? "Saved");
    } else {
      complain(await answer.text());
    }
  } catch (error) {
    const why = error.message === SIGNED_OUT ? SIGNED_OUT : "There is no connection: it is tried again with the next change.";
    told(`Not saved. ${why}`, true);
  }
}

// Of a post that was moved: its place, for whoever does not see the list.
function whereItIs(form) {
  const moved = form.elements.post && document.querySelector(`li[data-post="${form.elements.post.value}"]`);
  if (!moved) return null;
  const all = [...moved.parentElement.children];
  return `Saved: ${moved.querySelector("a, .title").firstChild.textContent.trim()} is ${all.indexOf(moved) + 1} of ${all.length}`;
}

function complain(text) {
  const answer = new DOMParser().parseFromString(text, "text/html");
  const said = answer.querySelector("#wrong") ?? answer.querySelector("[role=alert]");
  told(`Not saved. ${said?.textContent.trim() ?? "Load the page again."}`, true);
}

// What a page that was loaded anew says in the fields, except where somebody is typing.
document.addEventListener("shown", (event) => {
  const { fresh, focused } = event.detail;
  for (const form of document.querySelectorAll("form.fields")) {
    const other = fresh.getElementById(form.id);
    if (!other) continue;
    for (const field of fieldsOf(form)) {
      const before = form.elements[`was-${field.name}`];
      const now = other.elements[before.name];
      const touched = plain(field.value) !== plain(before.value) || field === document.activeElement;
      if (now) before.value = now.value;
      if (now && !touched) field.value = other.elements[field.name].value;
    }
  }
  if (focused) keepFocus(focused);
});

// A button that was pressed may be gone or disabled: a post that came to the top cannot go up.
function keepFocus(focused) {
  const [, to, post] = focused.match(/^#(up|down|out|in)-(\d+)$/) ?? [];
  if (!to || document.activeElement !== document.body) return;
  const near = [`${to}-${post}`, `down-${post}`, `up-${post}`, `in-${post}`, `out-${post}`];
  const there = near.map((id) => document.getElementById(id)).find((one) => one && !one.disabled && isShown(one));
  (there ?? document.querySelector("#left-out summary"))?.focus({ preventScroll: true });
}

function isShown(element) {
  return element.checkVisibility();
}

// Buttons: posts, suggestions, undo.

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-live]")) {
    event.preventDefault();
    const { submitter } = event;
    settle().then(() => inTurn(() => (form.isConnected ? send(form, submitter) : null)));
  } else if ((timers.size || underWay) && form.closest(".next")) {
    // The letter is decided about as it stands once the last words are in it.
    event.preventDefault();
    const verb = event.submitter?.value;
    settle().then(() => document.querySelector(`.next [name="verb"][value="${verb}"]`)?.click());
  }
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select");
  if (typing || event.shiftKey || event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  document.getElementById("undo")?.click();
});

// Dragging.

let dragged = null;

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("li[data-post]");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.post);
  dragged.classList.add("dragged");
});

document.addEventListener("dragover", (event) => {
  const list = event.target.closest?.(".order .in");
  if (!dragged || !list) return;
  event.preventDefault();
  const before = [...list.children].find((one) => {
    const { top, height } = one.getBoundingClientRect();
    return one !== dragged && event.clientY < top + height / 2;
  });
  list.insertBefore(dragged, before ?? null);
});

document.addEventListener("drop", (event) => {
  if (dragged) event.preventDefault();
});

document.addEventListener("dragend", () => {
  if (!dragged) return;
  const form = document.getElementById("dragged");
  form.elements.post.value = dragged.dataset.post;
  form.elements.to.value = `before-${dragged.nextElementSibling?.dataset.post ?? 0}`;
  dragged.classList.remove("dragged");
  dragged = null;
  form.requestSubmit();
});
