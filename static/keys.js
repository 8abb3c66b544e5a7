// Any element with data-key answers to that key: fields get the focus, everything else a click.

const FIELDS = "input, textarea, select, [contenteditable]";

function findTarget(key) {
  const found = document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`);
  return [...found].find((element) => element.checkVisibility());
}

function act(key) {
  // With no request open there is no neighbour yet: both ways lead to the newest.
  const target = findTarget(key) ?? ("jk".includes(key) ? findFirstRow() : null);
  if (!target) return false;
  if (target.matches(FIELDS)) {
    target.focus();
    target.select?.();
  } else {
    target.click();
  }
  return true;
}

function findFirstRow() {
  return document.querySelector("#request[data-id]") ? null : document.querySelector(".row-link");
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
