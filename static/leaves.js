// A field of the tree: a click or c copies its value, its buttons are shown while it has the pointer
// or the focus, and a long value unfolds in its place.

import { copy, say } from "./page.js";
import { showMenu } from "./tree.js";

const LEAF = ".tree-list li:not([class])";
const plain = (event) => !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
const linkOf = (leaf) => leaf.querySelector(":scope > a");
const valueOf = (leaf) => leaf.querySelector(":scope > div > span");

// -- copying a value ------------------------------------------------------------------------

// The page shows only part of a very long value, and names for invisible characters: the field's
// own page has the whole value.
async function readValue(leaf) {
  if (!leaf.querySelector(".cut, div .odd")) return valueOf(leaf)?.textContent ?? "";
  const answer = await fetch(linkOf(leaf).href, { headers: { "HX-Request": "true" } });
  if (!answer.ok) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const { exact, copy: text } = page.querySelector(".field-value [data-copy]").dataset;
  return exact ? decodeURIComponent(exact) : text;
}

async function copyValue(leaf) {
  try {
    await copy(await readValue(leaf));
    say("Value copied.");
  } catch {
    if (linkOf(leaf)) showMenu(linkOf(leaf));
    else say("The browser did not let us copy.");
  }
}

// -- the buttons of the field at hand ---------------------------------------------------------

const tools = document.createElement("span");
tools.className = "leaf-tools";
for (const [name, icon, act] of [["Copy value", "copy", copyValue], ["More about this field", "more", (leaf) => showMenu(linkOf(leaf))]]) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button icon-only";
  button.title = name;
  button.innerHTML = `<span class="unseen">${name}</span>`;
  const drawing = document.querySelector("[data-theme-switch] .icon").cloneNode(true);
  const use = drawing.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icon}`));
  button.append(drawing);
  button.addEventListener("click", () => act(tools.closest(LEAF)));
  tools.append(button);
}

function showTools(event) {
  const leaf = event.target.closest?.(LEAF);
  if (!leaf || leaf === tools.parentElement || !linkOf(leaf)) return;
  // The pointer does not move buttons away from the field that has the focus.
  if (event.type === "pointerover" && tools.parentElement?.querySelector(":focus-visible")) return;
  leaf.append(tools);
}

document.addEventListener("pointerover", showTools);
document.addEventListener("focusin", showTools);

// -- the bar below the request's head -------------------------------------------------------

// The head takes one line or several, by its path and the window.
const heights = new ResizeObserver(([{ target }]) => {
  if (target.isConnected) document.documentElement.style.setProperty("--stuck", `${target.offsetHeight}px`);
});

function watchHead() {
  heights.disconnect();
  document.querySelectorAll(".request-head").forEach((head) => heights.observe(head));
}

document.addEventListener("htmx:load", watchHead);
watchHead();

// -- wiring ---------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const leaf = event.target.closest(LEAF);
  if (!leaf || !plain(event) || event.button) return;
  if (event.target.closest(".more")) {
    event.preventDefault();
    const whole = leaf.toggleAttribute("data-whole");
    event.target.textContent = whole ? "less" : "more";
  } else if (event.target.closest("div > span") && getSelection().isCollapsed) copyValue(leaf);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "c" || !plain(event) || event.target.matches("input")) return;
  const leaf = event.target.closest(LEAF);
  if (!leaf) return;
  event.preventDefault();
  copyValue(leaf);
}, true);
