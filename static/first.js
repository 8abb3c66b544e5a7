// The first request of a bin opens itself, in the place of the invitation to send one.

import { openUnasked } from "./page.js";

const invitation = () => document.querySelector(".guide:not([data-used])");

document.addEventListener("htmx:load", (event) => {
  const row = event.detail.elt;
  if (!row.matches?.(".row") || !invitation()) return;
  invitation().dataset.used = "";
  openUnasked(row);
  htmx.trigger("#activity", "redraw");
});
