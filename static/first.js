// The first request of a bin opens itself, in the place of the invitation to send one.

const invitation = () => document.querySelector(".guide:not([data-used])");

document.addEventListener("htmx:load", (event) => {
  const link = event.detail.elt.matches?.(".row") && event.detail.elt.querySelector(".row-link");
  if (!link || !invitation()) return;
  invitation().dataset.used = "";
  link.click();
  htmx.trigger("#activity", "redraw");
});
