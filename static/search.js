// The search above the list: results and suggestions while typing. Escape leaves the field and moves
// the focus to the results. Without this file it is a plain form.

const SEARCH_MS = 300;
const SUGGEST_MS = 120;

let isAsked = false; // by the reader, not by a new capture
let searchTimer = 0;
let suggestTimer = 0;
let isRemembered = false; // has a step in the browser's history, since typing began
let asked = ""; // the text of the last suggestions
let typed = null; // the field's state when its list was replaced

const field = () => document.getElementById("search");
const list = () => document.getElementById("suggestions");
const options = () => [...list().children];
const chosen = () => list().querySelector('[aria-selected="true"]');

// -- results while typing ---------------------------------------------------------------------

function searchSoon() {
  clearTimeout(searchTimer);
  searchTimer = setTimeout(() => {
    if (field().value.trim() !== field().defaultValue.trim()) search({ typed: "1" });
  }, SEARCH_MS);
}

async function search(more) {
  const query = field().value.trim();
  const page = field().form.getAttribute("action");
  const values = query ? { q: query, ...more } : {};
  // Not from the form, whose attributes would add each letter to the history.
  await htmx.ajax("GET", page, { source: "#list", target: "#list", swap: "outerHTML", values });
  if (field().defaultValue.trim() === query) remember(query ? `${page}?q=${encodeURIComponent(query)}` : page);
}

// One step back leaves the search, however many letters were typed.
function remember(address) {
  if (address === location.pathname + location.search) return;
  if (isRemembered) return history.replaceState({ htmx: true }, "", address);
  isRemembered = true;
  history.replaceState({ htmx: true }, "", location.href);
  history.pushState({ htmx: true }, "", address);
}

// The new list has a new field: text typed meanwhile, and the caret, are moved over.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id !== "list" || document.activeElement !== field()) return;
  const { value, selectionStart, selectionEnd } = field();
  typed = { value, selectionStart, selectionEnd, options: list(), expanded: !list().hidden };
});

function resumeTyping() {
  if (!typed) return;
  const { value, selectionStart, selectionEnd, options: kept, expanded } = typed;
  if (!isAsked) {
    list().replaceWith(kept);
    field().focus({ preventScroll: true });
    field().value = value;
    field().setSelectionRange(selectionStart, selectionEnd);
    show(expanded);
    if (value.trim() !== field().defaultValue.trim()) searchSoon();
  }
  typed = null;
}

// -- suggestions: a combobox, as the ARIA practices describe it --------------------------------

function prepare() {
  const values = { role: "combobox", "aria-autocomplete": "list", "aria-controls": "suggestions", "aria-expanded": "false" };
  for (const [name, value] of Object.entries(values)) field()?.setAttribute(name, value);
}

function show(visible) {
  list().hidden = !visible || !options().length;
  field().setAttribute("aria-expanded", !list().hidden);
  if (list().hidden) choose(null);
}

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) field().setAttribute("aria-activedescendant", option.id);
  else field().removeAttribute("aria-activedescendant");
}

function step(by) {
  const all = options();
  const at = all.indexOf(chosen());
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by;
  choose(all[next] ?? null); // Beyond either end the field itself is chosen.
}

function suggestSoon(delay_ms = SUGGEST_MS) {
  clearTimeout(suggestTimer);
  suggestTimer = setTimeout(suggest, delay_ms);
}

async function suggest() {
  const text = field().value;
  if (field().selectionEnd !== text.length) return show(false);
  asked = text;
  const answer = await fetch(`${field().form.getAttribute("action")}/suggestions?q=${encodeURIComponent(text)}`).catch(() => null);
  if (!answer?.ok || asked !== text || field().value !== text) return;
  list().innerHTML = await answer.text();
  if (field() === document.activeElement) show(true);
}

function take(option) {
  field().value = option.dataset.query + ("open" in option.dataset ? "" : " ");
  field().setSelectionRange(field().value.length, field().value.length);
  choose(null);
  if ("open" in option.dataset) return suggestSoon(0);
  show(false);
  asked = "";
  searchSoon();
}

document.addEventListener("input", (event) => {
  if (event.target !== field() || event.isComposing) return;
  suggestSoon();
  searchSoon();
});

document.addEventListener("focusin", (event) => {
  if (event.target === field() && !typed) isRemembered = false;
  if (event.target === field() && !field().value) suggestSoon(0);
});

document.addEventListener("focusout", (event) => {
  if (event.target === field() && !typed) show(false);
});

// The field keeps the focus while an option is pressed.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("#suggestions")) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const option = event.target.closest("#suggestions [role=option]");
  if (option) take(option);
});

document.addEventListener("keydown", (event) => {
  if (event.target !== field() || event.isComposing) return;
  const isOpen = !list().hidden;
  if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.altKey) {
    event.preventDefault();
    if (isOpen) step(event.key === "ArrowDown" ? 1 : -1);
    else suggestSoon(0);
  } else if (event.key === "Enter" && isOpen && chosen()) {
    event.preventDefault();
    take(chosen());
  } else if (event.key === "Enter") {
    event.preventDefault();
    clearTimeout(searchTimer);
    clearTimeout(suggestTimer);
    asked = "";
    show(false);
    isAsked = true;
    search({});
  } else if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    if (isOpen && field().value) show(false);
    else leave();
  }
}, true);

function leave() {
  clearTimeout(searchTimer);
  const clear = document.querySelector("[data-clears]");
  field().value = field().defaultValue;
  field().blur();
  clear?.click();
}

// -- results ----------------------------------------------------------------------------------

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id !== "list") isAsked = event.target.matches("form.search, .search-help a");
});

document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt.id !== "list") return;
  prepare();
  resumeTyping();
  if (!isAsked) return;
  isAsked = false;
  // So that j, k and Enter go on from there.
  if (event.detail.elt.dataset.search) document.querySelector(".row-link")?.focus({ preventScroll: true });
});

prepare();
