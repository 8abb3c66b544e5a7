// What is unfolded in the ticket stays so when a button has swapped it.

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
