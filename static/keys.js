// Any element with data-key answers to that key: fields get the focus, everything else a click.

const FIELDS = "input, textarea, select, [contenteditable]";

function findTarget(key) {
  const found = document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`);
  return [...found].find((element) => element.checkVisibility());
}

// j and k walk the list as it is, so that a search is walked too; at its end they fetch more.
function stepInList(key) {
  const open = document.querySelector(".row-link[aria-current]");
  if (!open) return document.querySelector("#request[data-id]") ? null : document.querySelector(".row-link");
  const row = open.closest("li");
  const next = key === "j" ? row.nextElementSibling : row.previousElementSibling;
  return next?.querySelector("a");
}

function chooseTarget(key) {
  if (key === "j" || key === "k") return stepInList(key) ?? findTarget(key);
  return findTarget(key) ?? (key === "/" ? findTarget("s") : null);
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
  if (event.key.length === 1 && act(event.key)) event.preventDefault();
});
