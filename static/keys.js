// Any element with data-key answers to that key: fields get the focus, everything else a click.

const FIELDS = "input:not([type=checkbox]), textarea, select, [contenteditable]";

function findTarget(key) {
  const found = document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`);
  // Entries of a menu answer to their keys while the menu is closed.
  return [...found].find((element) => element.checkVisibility() || element.closest("[data-menu]"));
}

// j and k walk the list as shown, search results too; at its end they fetch more.
function stepInList(key) {
  const open = document.querySelector(".row-link[aria-current]");
  const request = document.querySelector("#request[data-id]");
  if (!open && request) return stepFrom(Number(request.dataset.number), key);
  if (!open) return document.querySelector(".row-link");
  let next = open.closest("li");
  do next = key === "j" ? next.nextElementSibling : next.previousElementSibling;
  while (next?.hidden);
  return next?.querySelector("a");
}

// The open request is not among the results: its neighbours there are found by number.
function stepFrom(number, key) {
  const rows = [...document.querySelectorAll("#list[data-search] .row:not([hidden])")];
  const next = key === "j"
    ? rows.find((row) => Number(row.dataset.number) < number)
    : rows.findLast((row) => Number(row.dataset.number) > number);
  return next?.querySelector("a");
}

function chooseTarget(key) {
  if (key === "j" || key === "k") return stepInList(key) ?? findTarget(key);
  return findTarget(key);
}

function act(key) {
  const target = chooseTarget(key);
  if (!target) return false;
  if (target.matches(FIELDS)) {
    target.focus();
    target.select?.();
  } else {
    target.click();
  }
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.target.matches(FIELDS)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const isKey = event.key.length === 1 || event.key === "Delete";
  if (isKey && act(event.key)) event.preventDefault();
});
