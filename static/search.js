// The search above the list: Escape leaves it, and what it found gets the focus.

let isAsked = false; // by the reader, not by news

const field = () => document.getElementById("search");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.target !== field()) return;
  const clear = document.querySelector("[data-clears]");
  if (!clear) return;
  event.preventDefault();
  field().blur();
  clear.click();
}, true);

document.addEventListener("htmx:beforeRequest", (event) => {
  isAsked = event.target.matches("form.search, .search-help a");
});

document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt.id !== "list" || !isAsked) return;
  isAsked = false;
  // So that j, k and Enter go on from there.
  if (event.detail.elt.dataset.search) document.querySelector(".row-link")?.focus({ preventScroll: true });
});
