// New captures on top of the list: by the event stream, or by polling without one.
// The stream itself is wired in the markup; this file pauses it, fills its gaps and counts.

import { markOpenRow, say } from "./page.js";

const POLL_MS = 2000;
const HIDDEN_POLL_MS = 10_000;
const HIDDEN_GRACE_MS = 60_000;
const MAX_ROWS = 500;
const MAX_NEWS_PER_S = 10;
const RELOAD_MS = 1000;
const SEARCH_MS = 500;
const REDRAW_MS = 5000;

const COUNTED = /^\(\d+\) /;

let unseen = 0; // since the reader scrolled away from the top
let missed = 0; // since the page was hidden
let asking_ms = 0;
let timer = 0;
let isStale = false; // more captures came than the list shows
let reloadTimer = 0;
let searchTimer = 0;
let drawTimer = 0;
let news = []; // arrival times of the last ones
let cold = document.getElementById("stream")?.cloneNode(true);

const find = (id) => document.getElementById(id);
const number = (row) => Number(row.dataset.number);
const listRows = () => [...find("rows").querySelectorAll(":scope > .row")];
const bin = () => find("list").dataset.bin;
const isSearch = () => Boolean(find("list").dataset.search);

// -- rows -----------------------------------------------------------------------------------

let newest = Math.max(0, ...listRows().map(number));
let isBelieved = true; // the list agrees with the events so far
let counted = newest; // the highest number in the count, from removal events too

function settleRows() {
  // A row may come twice (by the stream and by polling), or late.
  const seen = new Set();
  const rows = listRows().reverse().filter((row) => {
    if (seen.has(row.id)) row.remove();
    return !seen.has(row.id) && seen.add(row.id);
  });
  if (rows.some((row, index) => index && number(row) < number(rows[index - 1]))) {
    rows.sort((one, other) => number(one) - number(other));
    for (const row of rows) find("rows").prepend(row);
  }
  const fresh = rows.filter((row) => number(row) > newest);
  if (!fresh.length) return;
  newest = number(rows.at(-1));
  for (const { id } of fresh) {
    if (early.has(id)) changeRow(early.get(id));
    early.delete(id);
  }
  markOpenRow();
  count(fresh.filter((row) => number(row) > counted).length);
  counted = Math.max(counted, newest);
  announce(fresh);
  redrawSoon();
}

// The picture above the rows is renewed now and then.
function redrawSoon() {
  drawTimer ||= setTimeout(() => {
    drawTimer = 0;
    if (!document.hidden) htmx.trigger("#activity", "redraw");
  }, REDRAW_MS);
}

// The number of requests in the bin, or of matches of the current search.
const counter = () => document.querySelector("#list [data-count]");

function count(fresh) {
  if (!counter()) return;
  const held = Number(counter().dataset.count) + fresh;
  setCount(Math.min(held, Number(find("list").dataset.capacity)));
}

// A fetched list counts the requests up to one number. When the page knows of a later one, the list
// is out of date: it is fetched once more, and then accepted.
function countAnew() {
  const listed = Math.max(0, ...listRows().map(number));
  const through = Number(find("list").dataset.through);
  const isOlder = !isSearch() && Math.max(counted, newest) > Math.max(through, listed);
  if (isOlder && isBelieved) {
    isBelieved = false;
    reload();
    return;
  }
  isBelieved = true;
  newest = isOlder ? listed : Math.max(newest, listed);
  counted = isOlder ? through : Math.max(counted, newest);
}

function setCount(held) {
  if (!counter()) return;
  counter().dataset.count = held;
  counter().textContent = held.toLocaleString("en");
}

// -- removed requests ---------------------------------------------------------------------------

function removeRows({ kind, number: last, request_count: held, last_number: through }) {
  const isGone = (at) => (kind === "deleted" ? at === last : at <= last);
  const stays = (row) => kind === "let_go" && "pinned" in row.dataset;
  const gone = listRows().filter((row) => isGone(number(row)) && !stays(row));
  for (const row of gone) row.remove();
  if (isSearch()) setCount(Number(counter()?.dataset.count) - gone.length);
  else {
    setCount(held + Math.max(0, newest - through));
    counted = Math.max(counted, through);
  }
  const shown = find("request");
  const isPinned = kind === "let_go" && document.querySelector("#pin [aria-pressed=true]");
  if (shown && isGone(Number(shown.dataset.number)) && !isPinned && !shown.dataset.gone) {
    shown.dataset.gone = "yes";
    say(`Request #${shown.dataset.number} was deleted; this page is all that is left of it.`);
  }
  if (kind === "bin_deleted") {
    say("This bin was deleted.");
    setState("offline");
  }
  redrawSoon();
}

// A page that was offline, or has no stream, may show deleted requests: then the counts differ.
function reconcile(response) {
  const held = response.headers.get("Inspector-Count");
  if (held !== null && counter() && !isSearch() && Number(held) !== Number(counter().dataset.count)) reload();
}

// -- changed requests ------------------------------------------------------------------

const early = new Map(); // changes that came before their rows

function changeRow(row) {
  if (find(row.id)) htmx.swap(`#${row.id}`, row.outerHTML, { swapStyle: "outerHTML" });
  else if (number(row) > newest) early.set(row.id, row);
}

// A request was relayed, pinned or noted: renew its row, and the open request.
function changeRows(markup) {
  const fresh = new DOMParser().parseFromString(markup, "text/html");
  for (const row of fresh.querySelectorAll("li.row")) {
    if (!isSearch()) changeRow(row);
    const open = find("request");
    if (open?.dataset.number !== row.dataset.number) continue;
    if (find("relay")) htmx.trigger("#relay", "changed");
    htmx.ajax("GET", find("pin").getAttribute("action"), { target: document.body, swap: "none" });
  }
  markOpenRow();
}

// When the change arrives, the request may be closed, or its row not in the list. The form that
// asked may be gone as well, and htmx would look for targets inside it only.
function leaveOutWhatIsGone({ detail: swap }) {
  const told = new DOMParser().parseFromString(swap.serverResponse, "text/html");
  const parts = [...told.querySelectorAll("[hx-swap-oob]")];
  const gone = parts.filter((part) => !find(part.id));
  for (const part of gone) part.remove();
  if (gone.length) swap.serverResponse = told.body.innerHTML;
  if (swap.elt.isConnected || !parts.length) return;
  swap.shouldSwap = false;
  htmx.swap(document.body, told.body.innerHTML, { swapStyle: "none" });
}

// -- messages to the reader -----------------------------------------------------------------

function isAway() {
  const rows = find("rows");
  return rows.scrollTop > 8 || rows.getBoundingClientRect().top < 0;
}

function showPill() {
  if (!isAway()) unseen = 0;
  const pill = document.querySelector("[data-pill]");
  pill.hidden = unseen === 0 && !isStale;
  pill.textContent = isStale ? "New requests" : `${unseen} new`;
}

function countInTitle() {
  if (missed) document.title = `(${missed}) ${document.title.replace(COUNTED, "")}`;
}

function announce(fresh) {
  const title = fresh.at(-1).querySelector(".row-title").textContent;
  find("news").textContent = fresh.length === 1 ? `New: ${title}` : `${fresh.length} new requests`;
  if (isAway()) unseen += fresh.length;
  showPill();
  if (!document.hidden) return;
  missed += fresh.length;
  countInTitle();
  notify(fresh);
}

function notify(fresh) {
  if (!wantsNotice() || Notification.permission !== "granted") return;
  const many = fresh.length === 1 ? "A new request" : `${fresh.length} new requests`;
  const body = fresh.at(-1).querySelector(".row-title").textContent;
  const notice = new Notification(`${many} in ${bin()}`, { body, tag: `inspector-${bin()}` });
  notice.onclick = () => focus();
}

const noticeKey = () => `notify ${bin()}`;

function wantsNotice() {
  try {
    return localStorage.getItem(noticeKey()) === "yes";
  } catch {
    return false;
  }
}

async function switchNotice(button) {
  const wanted = !wantsNotice();
  if (wanted && (await Notification.requestPermission()) !== "granted") {
    say("The browser does not allow notifications from this page.");
    return;
  }
  localStorage.setItem(noticeKey(), wanted ? "yes" : "no");
  button.setAttribute("aria-pressed", wanted);
}

// -- stream, or polling ---------------------------------------------------------------------

function setState(state) {
  const live = document.querySelector("#list .live");
  if (!live || live.dataset.state === state) return;
  live.dataset.state = state;
  live.querySelector("[data-label]").textContent = state;
}

// The bin's address, below whatever path a proxy serves us.
const place = () => find("list").querySelector(".search").getAttribute("action");

// The position to go on from: a search has looked at more requests than it shows.
function findPosition() {
  const { search, newest } = find("list").dataset;
  return search ? newest : (listRows()[0]?.dataset.id ?? 0);
}

async function ask() {
  const list = find("list");
  const { search } = list.dataset;
  const answer = await fetch(`${place()}${search ? `${search}&` : "?"}after=${findPosition()}`, {
    headers: { "HX-Request": "true" },
  });
  if (!answer.ok) throw new Error(answer.statusText);
  const markup = await answer.text();
  if (!list.isConnected) return; // Another search has replaced the list.
  list.dataset.newest = answer.headers.get("Inspector-Newest") ?? list.dataset.newest;
  if (answer.status === 205) return reload(); // more than a page of them
  if (answer.status !== 204) {
    htmx.swap("#rows", markup, { swapStyle: "afterbegin" });
    settleRows();
  }
  reconcile(answer);
}

// With a search, new captures are asked for together, by that search.
function askSoon() {
  searchTimer ||= setTimeout(() => {
    searchTimer = 0;
    if (listRows().length >= MAX_ROWS) reload();
    else ask().catch(() => {}); // The next capture asks again.
  }, SEARCH_MS);
}

function isTyping() {
  const field = find("search");
  return field === document.activeElement && field.value !== field.defaultValue;
}

// In a flood the list is fetched now and then, never while someone reads further down.
function reload() {
  isStale = true;
  if (isAway() || isTyping()) showPill();
  else if (!reloadTimer) fetchList();
}

function fetchList() {
  isStale = false;
  htmx.trigger("#stream [hx-get]", "reload");
  reloadTimer = setTimeout(() => {
    reloadTimer = 0;
    if (isStale) reload();
  }, RELOAD_MS);
}

function isFlood() {
  const now = performance.now();
  news = [...news.filter((at) => now - at < 1000), now];
  return news.length > MAX_NEWS_PER_S || listRows().length >= MAX_ROWS;
}

// The polling interval, 0 while the stream is open.
function poll(interval_ms) {
  if (interval_ms === asking_ms) return;
  asking_ms = interval_ms;
  clearTimeout(timer);
  if (interval_ms) timer = setTimeout(pollOnce, interval_ms);
}

async function pollOnce() {
  try {
    await ask();
    if (asking_ms) setState("polling");
  } catch {
    if (asking_ms) setState("offline");
  }
  if (asking_ms) timer = setTimeout(pollOnce, asking_ms);
}

function pause() {
  // A browser opens six connections to a server: hidden pages must not hold them.
  if (!document.hidden || !find("stream")) return;
  htmx.swap("#stream", "", { swapStyle: "delete" });
  poll(HIDDEN_POLL_MS);
}

function resume() {
  if (!cold || find("stream")) return;
  const stream = cold.cloneNode(true);
  const after = findPosition();
  stream.setAttribute("sse-connect", `${place()}/stream?after=${after}`);
  find("list").append(stream);
  htmx.process(stream);
}

function follow() {
  if (document.hidden) {
    setTimeout(pause, HIDDEN_GRACE_MS);
    return;
  }
  missed = 0;
  document.title = document.title.replace(COUNTED, "");
  resume();
}

document.addEventListener("htmx:sseOpen", () => {
  poll(0);
  setState("live");
  ask().catch(() => {}); // Captures between loading the page and opening its stream.
});
document.addEventListener("htmx:sseError", () => {
  setState("offline");
  poll(POLL_MS);
});
document.addEventListener("htmx:sseBeforeMessage", (event) => {
  if (!isFlood()) return;
  event.preventDefault();
  reload();
});
document.addEventListener("sse:reload", reload);
document.addEventListener("sse:row", askSoon);
document.addEventListener("sse:removed", (event) => removeRows(JSON.parse(event.detail.data)));
document.addEventListener("sse:changed", (event) => changeRows(event.detail.data));
document.addEventListener("htmx:sseMessage", settleRows);
document.addEventListener("htmx:afterSettle", countInTitle); // A request that opens itself sets the title.
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  // Listen on the form itself: once it is replaced, its events do not bubble up to here.
  if (/\/(pin|note)$/.test(detail.pathInfo.requestPath.split("?")[0])) detail.elt.addEventListener("htmx:beforeSwap", leaveOutWhatIsGone);
});
document.addEventListener("visibilitychange", follow);
document.addEventListener("scroll", showPill, { capture: true, passive: true });
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-pill]")) return;
  find("rows").scrollTop = 0;
  find("list").scrollIntoView({ block: "start" });
  if (isStale) fetchList();
  else showPill();
});
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt.id !== "list") return;
  cold = find("stream")?.cloneNode(true);
  early.clear();
  countAnew();
  unseen = 0;
  if (!cold) poll(0);
  markOpenRow();
});

const bell = document.querySelector("[data-notify]");
if (bell && "Notification" in window) {
  bell.hidden = false;
  bell.setAttribute("aria-pressed", wantsNotice());
  bell.addEventListener("click", () => switchNotice(bell));
}
