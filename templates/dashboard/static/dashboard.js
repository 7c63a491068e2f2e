// Shows what changed without a reload of the page: the letter first, then the rest. All else on the page
// works without this file.
"use strict";

const live = document.getElementById("live");
const SILENCE = 4000; // milliseconds without a connection until the page says so
const AHEAD = 150; // milliseconds that the letter has for itself
const page = document.documentElement;
const SIGNED_OUT = "You are no longer signed in: do so in another tab, then load this page again.";
let connection = null;
let changes = Promise.resolve();
let underWay = 0;
let busy = () => false; // whether more is to be sent at once; then the page is shown anew after it
let skipped = ""; // what is to be shown anew then: "all", or all but the letter, the "rest"
let silence = null; // waits for a connection to come back
let quarter = null; // of a letter that goes out: how many quarters of it, as far as was told
const announced = document.createElement("p");
announced.className = "hidden";
announced.setAttribute("role", "status");
document.body.append(announced);

// One thing after the other: what is sent, and what is shown again. One that fails keeps no other back.
function inTurn(work) {
  underWay += 1;
  const done = changes.then(work).then(catchUp).finally(() => { underWay -= 1; });
  changes = done.catch(() => {});
  return done;
}

async function catchUp(done) {
  if (skipped && !busy()) await refresh(skipped === "all");
  return done;
}

function listen() {
  const seen = encodeURIComponent(page.dataset.version);
  connection = new EventSource(`${page.dataset.root}/events?seen=${seen}`);
  connection.addEventListener("change", (event) => {
    inTurn(() => renew(event.data)).catch(() => location.assign(page.dataset.here));
  });
  connection.addEventListener("progress", (event) => progress(event.data));
  connection.addEventListener("open", () => {
    clearTimeout(silence);
    say("Live: changes show by themselves", true);
  });
  // The server ends each connection now and then, and the browser opens another at once.
  connection.addEventListener("error", () => {
    clearTimeout(silence);
    silence = setTimeout(() => {
      say("Not connected: is it still running?", false);
      if (connection.readyState === EventSource.CLOSED && !document.hidden) listen();
    }, SILENCE);
  });
}

// How far a letter is, that is going out. Whoever hears the page is told at each quarter.
function progress(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const part of document.querySelectorAll("[data-told]")) {
    const now = fresh.querySelector(`[data-told="${CSS.escape(part.dataset.told)}"]`);
    if (!now) continue;
    if (part.matches("progress")) part.value = now.value;
    else part.replaceChildren(...now.childNodes);
  }
  const far = document.querySelector("progress[data-told]");
  const now = far && Math.floor((far.value / far.max) * 4);
  if (quarter !== null && far && now > quarter) announce(document.querySelector("[data-told^=said]").textContent);
  quarter = far && now;
}

function announce(words) {
  announced.textContent = words.replace(/\s+/g, " ").trim();
}

function say(words, well) {
  if (live.textContent !== words) live.textContent = words;
  live.classList.toggle("off", !well);
}

async function renew(version) {
  if (version === page.dataset.version) return;
  if (busy()) skipped = "all";
  else await refresh();
}

// The page as it is now. Of a letter that is on its way only the numbers change.
async function refresh(letter = true) {
  const frame = document.querySelector("iframe");
  const goesOut = document.querySelector(".next")?.dataset.status === "sending";
  const loaded = frame && letter && !goesOut ? again(frame) : null;
  // The letter first: what is asked for beside it would keep the server from it.
  if (loaded) await Promise.race([loaded, new Promise((done) => setTimeout(done, AHEAD))]);
  skipped = busy() ? "rest" : "";
  if (skipped) return;
  const answer = await fetch(page.dataset.here, { cache: "no-store" });
  if (!answer.ok) throw new Error(answer.statusText);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  await loaded;
  // Whoever is no longer signed in is led to another page.
  if (!fresh.documentElement.dataset.version) throw new Error(SIGNED_OUT);
  show(fresh);
}

// The frame with its new letter, where the reader was in the old one. It runs no script; the page only
// asks it how far it was scrolled.
function again(frame) {
  const { scrollX, scrollY } = frame.contentWindow;
  const address = new URL(frame.src);
  address.searchParams.set("at", performance.now());
  return new Promise((done) => {
    frame.addEventListener("load", () => {
      if (!address.hash) frame.contentWindow.scrollTo(scrollX, scrollY);
      done();
    }, { once: true });
    frame.src = address.href;
    setTimeout(done, 2000); // a picture that does not come must not keep the rest back
  });
}

function show(fresh) {
  const active = document.activeElement;
  const focused = active?.id ? `#${CSS.escape(active.id)}` : hrefOf(active);
  const before = document.querySelector("[data-status]")?.dataset.status;
  for (const part of document.querySelectorAll("[data-part]")) {
    const now = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    if (now) replace(part, now);
  }
  document.title = fresh.title;
  const stands = document.querySelector("[data-status]");
  if (stands && stands.dataset.status !== before) announce((stands.querySelector("h1") ?? stands).textContent);
  page.dataset.version = fresh.documentElement.dataset.version;
  document.dispatchEvent(new CustomEvent("shown", { detail: { fresh, focused } }));
  if (active === document.body || document.activeElement !== document.body) return;
  // A button that has had its time is gone: the next Tab goes on in the page, and not from its beginning.
  const main = document.getElementById("main");
  main.tabIndex = -1;
  ((focused && document.querySelector(focused)) ?? main).focus({ preventScroll: true });
}

function replace(part, now) {
  // Where somebody may be typing, only the parts within are another.
  if (part.querySelector("#words") && now.querySelector("#words")) return;
  // The frame stays where it is: an iframe that is moved loads once more.
  if (part.querySelector("iframe") && now.querySelector("iframe")) {
    for (const inner of part.querySelectorAll("[data-inner]")) {
      const newer = now.querySelector(`[data-inner="${inner.dataset.inner}"]`);
      if (newer && inner.innerHTML !== newer.innerHTML) inner.replaceChildren(...newer.childNodes);
    }
    return;
  }
  if (part.innerHTML === now.innerHTML) return;
  for (const before of part.querySelectorAll("details[id]")) {
    const after = now.querySelector(`#${CSS.escape(before.id)}`);
    if (after) after.open = before.open;
  }
  part.replaceChildren(...now.childNodes);
}

function hrefOf(element) {
  const href = element?.closest("[href]")?.getAttribute("href");
  return href ? `[href="${CSS.escape(href)}"]` : null;
}

// A browser keeps six connections to a host; a page nobody looks at must not hold one.
document.addEventListener("visibilitychange", () => {
  connection.close();
  if (!document.hidden) listen();
});
window.addEventListener("pagehide", () => connection.close());
window.addEventListener("pageshow", (event) => event.persisted && listen());

// An open menu closes when one clicks elsewhere or presses Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

listen();
