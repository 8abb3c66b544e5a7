// Deleted requests leave the page at once and the bin a little later; until then "Undo" brings them
// back. The server does the same without this file, and for all results of a search.

import { say } from "./page.js";

const GRACE_MS = 8000;

let pending = null; // the numbers to be deleted, and the time

const bar = () => document.getElementById("undo");
const address = () => bar().getAttribute("action").replace(/(\/bins\/[^/]+)\/undo$/, "/api/v1$1/requests");
const findRow = (number) => document.querySelector(`#rows > .row[data-number="${number}"]`);

function hideRows(numbers, hidden = true) {
  for (const row of numbers.map(findRow)) if (row) row.hidden = hidden;
}

function count(numbers) {
  return numbers.length === 1 ? `Request #${numbers[0]}` : `${numbers.length} requests`;
}

function begin(numbers) {
  finish();
  pending = { numbers, address: address(), timer: setTimeout(finish, GRACE_MS) };
  hideRows(numbers);
  goOn(numbers);
  bar().querySelector("span").textContent = `${count(numbers)} deleted.`;
  bar().hidden = false;
}

// After deleting the open request the next one is shown, or the one before.
function goOn(numbers) {
  const open = Number(document.querySelector("#request")?.dataset.number);
  if (!numbers.includes(open)) return;
  const rows = [...document.querySelectorAll("#rows > .row:not([hidden])")];
  const next = rows.find((row) => Number(row.dataset.number) < open) ?? rows.at(-1);
  next?.querySelector(".row-link").click();
}

function take() {
  const taken = pending;
  clearTimeout(taken?.timer);
  pending = null;
  if (bar()) bar().hidden = true;
  return taken;
}

function undo() {
  const taken = take();
  if (!taken) return;
  hideRows(taken.numbers, false);
  say(`${count(taken.numbers)} kept.`);
  if (taken.numbers.length === 1) findRow(taken.numbers[0])?.querySelector(".row-link").click();
}

// Also called when the page is left: the browser sends it all the same.
async function finish() {
  const taken = take();
  if (!taken) return;
  const q = encodeURIComponent(`number:${taken.numbers.join(",")}`);
  const answer = await fetch(`${taken.address}?q=${q}`, { method: "DELETE", keepalive: true }).catch(() => null);
  if (answer?.ok) return; // The stream takes the rows away.
  hideRows(taken.numbers, false);
  say(`${count(taken.numbers)} could not be deleted.`);
}

// Before the form of the button is sent.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-delete]");
  if (!link || !bar() || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation();
  link.closest("[data-menu]").open = false;
  begin([Number(link.dataset.delete)]);
}, true);

document.addEventListener("submit", (event) => {
  if (event.target.id === "undo") {
    if (!pending) return; // The server holds it back.
    event.preventDefault();
    undo();
  } else if (event.target.id === "selection" && event.submitter?.value === "delete") {
    const ticks = [...event.target.elements].filter((each) => each.name === "number" && each.checked);
    if (!ticks.length) return;
    event.preventDefault();
    for (const tick of ticks) tick.checked = false;
    begin(ticks.map((tick) => Number(tick.value)));
  }
});

document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt.id === "list" && pending) hideRows(pending.numbers);
});
addEventListener("pagehide", finish);
