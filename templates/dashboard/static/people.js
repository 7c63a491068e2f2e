// Searches as one types. It posts the form, as its button does: what is typed stands in no address.
"use strict";

const form = document.getElementById("search");
const TYPING = 120; // milliseconds without a key until it searches
let timer = null;
let under = null;

async function search() {
  under?.abort();
  const mine = new AbortController();
  under = mine;
  try {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", body, signal: mine.signal, cache: "no-store" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("found");
    // Whoever is no longer signed in is led to where they sign in.
    if (!answer.ok || !fresh) throw new Error(answer.statusText);
    document.getElementById("found").replaceWith(fresh);
    document.getElementById("told").textContent = fresh.querySelector("h2").textContent;
  } catch (error) {
    if (error.name !== "AbortError") form.submit();
  }
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(search, TYPING);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(timer);
  search();
});
