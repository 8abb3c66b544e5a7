// Scripts of every page: copy buttons, messages, dialogs, the theme, folded sections.

const root = document.documentElement;
const narrow = matchMedia("(max-width: 60rem)");
const wide = matchMedia("(min-width: 110rem)"); // the body as sent stands beside the tree

export function say(text) {
  const status = document.getElementById("status");
  status.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (status.textContent = ""), 4000);
}

// -- copying --------------------------------------------------------------------------------

export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without a secure context only the old clipboard API works.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("refused");
}

async function copyFrom(button) {
  try {
    await copy(await findText(button));
  } catch {
    say("The browser did not let us copy.");
    return;
  }
  // The message has one place: a button that changed its word would move its neighbours.
  button.dataset.done = "";
  say("Copied.");
  setTimeout(() => delete button.dataset.done, 1500);
}

async function findText(button) {
  if (button.dataset.exact) return decodeURIComponent(button.dataset.exact);
  if (button.dataset.copy !== undefined) return button.dataset.copy;
  const answer = await fetch(button.href);
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.text();
}

// -- theme ----------------------------------------------------------------------------------

function switchTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const system = dark ? "dark" : "light";
  const wanted = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
  try {
    if (wanted === system) localStorage.removeItem("theme");
    else localStorage.setItem("theme", wanted);
  } catch {
    // Then it lasts as long as the page.
  }
  if (wanted === system) delete root.dataset.theme;
  else root.dataset.theme = wanted;
}

// -- rows of the list: two lines, or one -------------------------------------------------------

function switchDensity() {
  const isCompact = root.dataset.density !== "compact";
  if (isCompact) root.dataset.density = "compact";
  else delete root.dataset.density;
  try {
    if (isCompact) localStorage.setItem("density", "compact");
    else localStorage.removeItem("density");
  } catch {
    // Then it lasts as long as the page.
  }
  showDensity();
}

function showDensity() {
  const isCompact = root.dataset.density === "compact";
  document.querySelector("[data-density-switch]")?.setAttribute("aria-pressed", isCompact);
}

// -- sections: open or folded, they stay so for the next request ---------------------------

const KEPT = "sections";

function loadSections() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}

function keepSection(details, open) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ ...loadSections(), [details.id]: open }));
  } catch {
    // Without storage sections only forget their state.
  }
}

function restoreSections(request) {
  const kept = loadSections();
  const raw = request.querySelector("#form") ? "form" : "body";
  for (const details of request.querySelectorAll("details.section")) {
    if (details.id in kept) details.open = kept[details.id];
    else if (wide.matches && details.id === raw) details.open = true;
  }
}

function goToSection(id) {
  const section = document.getElementById(id);
  if (!section) return;
  if (section.matches("details") && !section.open) {
    section.open = true;
    keepSection(section, true);
  }
  section.scrollIntoView({ block: "start" });
  (section.matches("details") ? section.querySelector("summary") : section).focus({ preventScroll: true });
}

// -- a request has come into the page -------------------------------------------------------

let stepping = null; // the row whose request is loading
let unasked = null; // the request that opened itself; the list does not scroll to it

export function markOpenRow() {
  if (stepping?.isConnected) return choose(stepping);
  const id = document.getElementById("request")?.dataset.id;
  return choose(id && document.querySelector(`.row[data-id="${CSS.escape(id)}"]`));
}

function choose(row) {
  for (const link of document.querySelectorAll(".row-link[aria-current]")) {
    link.removeAttribute("aria-current");
  }
  row?.querySelector(".row-link").setAttribute("aria-current", "true");
  return row;
}

function keepInSight(row) {
  // Scroll the list only: scrollIntoView would move the page as well.
  const rows = row?.parentElement;
  if (!rows || row.dataset.id === unasked || rows.scrollHeight === rows.clientHeight) return;
  // The list may reach below the window, where a row would not be visible.
  const { top, bottom } = rows.getBoundingClientRect();
  const seen = Math.max(row.offsetHeight, Math.min(bottom, innerHeight) - top);
  const above = row.offsetTop - rows.offsetTop;
  if (above < rows.scrollTop) rows.scrollTop = above;
  const below = above + row.offsetHeight - seen;
  if (below > rows.scrollTop) rows.scrollTop = below;
}

// Slow parts are loaded after the page. Not by htmx, which would report an error when the reader
// has left the page meanwhile.
async function fetchPart(place) {
  const answer = await fetch(place.dataset.fill, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer?.ok && place.isConnected) place.innerHTML = await answer.text().catch(() => "");
}

// The first request of a bin opens itself, in the place of the invitation to send one.
function openFirst(row) {
  const invitation = document.querySelector(".guide:not([data-used])");
  if (!invitation) return;
  invitation.dataset.used = "";
  unasked = row.dataset.id;
  row.querySelector(".row-link").click();
  htmx.trigger("#activity", "redraw");
}

function showRequest(request) {
  restoreSections(request);
  keepInSight(markOpenRow());
  unasked = null;
  if (narrow.matches && request.dataset.id) {
    scrollTo(0, 0);
    request.focus({ preventScroll: true });
  }
}

// -- wiring ---------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-copy], [data-copy-at], [data-theme-switch], [data-density-switch], [data-opens], [data-closes], [data-section]");
  if (!target || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const { copy: text, copyAt, opens, section } = target.dataset;
  if (copyAt !== undefined) event.preventDefault();
  if (text !== undefined || copyAt !== undefined) copyFrom(target);
  else if ("themeSwitch" in target.dataset) switchTheme();
  else if ("densitySwitch" in target.dataset) switchDensity();
  else if (opens) document.getElementById(opens).showModal();
  else if (section !== undefined) {
    event.preventDefault();
    goToSection(target.hash.slice(1));
    history.replaceState(history.state, "", target.hash);
  } else if (target.closest("dialog")) {
    event.preventDefault();
    target.closest("dialog").close();
  }
});

// Not "toggle", which is also fired for details that the markup opens.
document.addEventListener("click", (event) => {
  const section = event.target.closest(".section > summary")?.parentElement;
  if (section) keepSection(section, !section.open);
});

addEventListener("hashchange", () => goToSection(location.hash.slice(1)));

document.addEventListener("htmx:load", ({ target }) => {
  showDensity();
  if (target.matches?.(".row")) openFirst(target);
});

document.addEventListener("htmx:load", (event) => {
  for (const place of event.detail.elt.querySelectorAll?.("[data-fill]") ?? []) fetchPart(place);
});

document.addEventListener("htmx:load", (event) => {
  const request = event.detail.elt.closest?.("#request") ?? event.detail.elt.querySelector?.("#request");
  if (request) showRequest(request);
});

document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = event.target.closest("dialog");
  if (dialog && !dialog.open) dialog.showModal();
});

// Mark the row at once, so that a second key goes on from here before the first request is loaded.
// A slower request that is shown meanwhile must not move the mark back.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!event.target.matches(".row-link")) return;
  stepping = event.target.closest(".row");
  keepInSight(choose(stepping));
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.closest?.(".row") === stepping) stepping = null;
});

// Going back changes the request; the list follows when the address has another search.
document.addEventListener("htmx:historyRestore", () => {
  const search = document.getElementById("search");
  const query = new URLSearchParams(location.search).get("q") ?? "";
  if (!search || search.defaultValue === query) return;
  const values = query ? { q: query } : {};
  htmx.ajax("GET", search.form.getAttribute("action"), { target: "#list", swap: "outerHTML", values });
});

document.addEventListener("htmx:responseError", (event) => {
  const { status, responseText } = event.detail.xhr;
  const page = new DOMParser().parseFromString(responseText, "text/html");
  say(page.querySelector("h1")?.textContent ?? `The server answered ${status}.`);
  stepping = null;
  markOpenRow();
});

document.addEventListener("annotated", () => document.getElementById("ask").close());

document.addEventListener("htmx:sendError", () => {
  say("The server cannot be reached.");
  stepping = null; // The marked row is the shown request.
  markOpenRow();
});

// A menu closes by a click elsewhere or on one of its entries, and by Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (!event.target.closest("summary") || !menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
  event.stopImmediatePropagation();
}, true);

if (location.hash) goToSection(location.hash.slice(1));
