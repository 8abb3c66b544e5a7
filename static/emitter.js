// The emitter's form: unfolded parts of the ticket stay open when a button swaps it, each field with
// a problem is marked, and the ticket's fields are filtered while typing.

import { fits, splitNames } from "./names.js";

const TREE = "#compose details";

let open = new Set();

const key = (details) => details.id || details.dataset.path;

document.addEventListener("htmx:beforeSwap", () => {
  open = new Set([...document.querySelectorAll(`${TREE}[open]`)].map(key));
});

document.addEventListener("htmx:afterSettle", () => {
  for (const details of document.querySelectorAll(TREE)) {
    if (open.has(key(details))) details.open = true;
  }
});

// -- problems -------------------------------------------------------------------------------

function isMeant(field) {
  const row = field.closest(".pair-row");
  return !row || [...row.querySelectorAll("input")].some((each) => each.value);
}

function markProblems() {
  for (const field of document.querySelectorAll("#compose [aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
  for (const problem of document.querySelectorAll("#compose [data-code]")) {
    // An empty row is none.
    const fields = [...document.querySelectorAll(`#compose [name="${problem.dataset.input}"]`)].filter(isMeant);
    const field = fields[Math.max(0, Number(problem.dataset.row || 1) - 1)];
    field?.setAttribute("aria-invalid", "true");
    field?.setAttribute("aria-describedby", [field.getAttribute("aria-describedby"), problem.id].filter(Boolean).join(" "));
  }
}

document.addEventListener("htmx:afterSettle", markProblems);
markProblems();

// -- a search among the ticket's fields -------------------------------------------------------

function filterLeaves(input) {
  const words = splitNames(input.value.trim());
  const tree = input.parentElement.querySelector(".ticket-tree");
  for (const leaf of tree.querySelectorAll(".leaf")) {
    const field = leaf.querySelector("[name=leaf_value]");
    const text = `${leaf.querySelector("label").title}\n${field?.value ?? leaf.textContent}`.toLowerCase();
    leaf.hidden = !words.every((word) => fits(word, text));
  }
  for (const branch of [...tree.querySelectorAll(".branch")].reverse()) {
    branch.hidden = words.length > 0 && !branch.querySelector(".leaf:not([hidden])");
    if (words.length) branch.open = !branch.hidden;
  }
  const [shown, total] = [".leaf:not([hidden])", ".leaf"].map((each) => tree.querySelectorAll(each).length);
  input.parentElement.querySelector("[data-leaf-count]").textContent = words.length ? `${shown} of ${total} field${total === 1 ? "" : "s"}` : "";
}

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-leaf-filter]")) return;
  event.stopPropagation(); // The filter is not part of the action.
  filterLeaves(event.target);
}, true);
