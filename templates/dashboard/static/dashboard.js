// Shows what changed without a reload of the page: the letter first, then the rest. All else on the page
// works without this file.
"use strict";

const live = document.getElementById("live");
let connection = null;
let changes = Promise.resolve();

function listen() {
  const seen = document.documentElement.dataset.version;
  connection = new EventSource(`${document.documentElement.dataset.root}/events?seen=${encodeURIComponent(seen)}`);
  connection.addEventListener("change", (event) => {
    changes = changes.then(() => renew(event.data)).catch(() => location.reload());
  });
  connection.addEventListener("open", () => say("Live: changes show by themselves", true));
  connection.addEventListener("error", () => say("Not connected: is rapport preview still running?", false));
}

function say(words, well) {
  if (live.textContent !== words) live.textContent = words;
  live.classList.toggle("off", !well);
}

async function renew(version) {
  if (version === document.documentElement.dataset.version) return;
  const frame = document.querySelector("iframe");
  if (frame) await again(frame, version);
  const answer = await fetch(document.documentElement.dataset.here, { cache: "no-store" });
  if (!answer.ok) throw new Error(answer.statusText);
  show(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

// The frame with its new letter, where the reader was in the old one. It runs no script; the page only
// asks it how far it was scrolled.
function again(frame, version) {
  const { scrollX, scrollY } = frame.contentWindow;
  const address = new URL(frame.src);
  address.searchParams.set("at", version);
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
  const focused = document.activeElement?.closest("[href]")?.getAttribute("href");
  for (const part of document.querySelectorAll("[data-part]")) {
    const now = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    // The frame stays where it is: an iframe that is moved loads once more.
    const frame = part.querySelector("iframe") && now.querySelector("iframe");
    if (!frame && part.innerHTML !== now.innerHTML) part.replaceChildren(...now.childNodes);
  }
  document.title = fresh.title;
  document.documentElement.dataset.version = fresh.documentElement.dataset.version;
  if (focused && document.activeElement === document.body) {
    document.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
}

// A browser keeps six connections to a host; a page nobody looks at must not hold one.
document.addEventListener("visibilitychange", () => {
  connection.close();
  if (!document.hidden) listen();
});
window.addEventListener("pagehide", () => connection.close());
window.addEventListener("pageshow", (event) => event.persisted && listen());

listen();
