// The tree of fields: filtering while typing, opening and folding, a menu for every field; the state
// is kept for the next request of the bin. Without this file the same things are links.

import { fits, splitNames } from "./names.js";
import { say } from "./page.js";

const trees = new WeakMap();

// -- state kept from request to request -----------------------------------------------------

// { filter, opened: "" | "all" | "level" | "none", folds: { path: open } }
function load(bin) {
  try {
    return { filter: "", opened: "", folds: {}, ...JSON.parse(sessionStorage.getItem(`tree:${bin}`)) };
  } catch {
    return { filter: "", opened: "", folds: {} };
  }
}

function keep(tree) {
  try {
    sessionStorage.setItem(`tree:${tree.bin}`, JSON.stringify(tree.state));
  } catch {
    // Without storage the next request begins afresh.
  }
}

// -- a tree comes into the page -------------------------------------------------------------

function setUp(section) {
  if (trees.has(section) || !section.querySelector(".tree-list")) return;
  const tree = {
    section,
    bin: section.dataset.bin,
    state: load(section.dataset.bin),
    list: section.querySelector(".tree-list"),
    input: section.querySelector(".tree-filter input[type=search]"),
    count: section.querySelector(".tree-count"),
    // The server has filtered, or not all fields are here: then the server filters again.
    asks: "asks" in section.dataset,
  };
  trees.set(section, tree);
  tree.said = tree.count.textContent;
  tree.branches = [];
  tree.leaves = [];
  tree.total = collect(tree, tree.list, "", "");
  if ("opened" in section.dataset || tree.asks) return;
  restoreFolds(tree);
  // Text typed before this file was loaded wins over the kept filter.
  tree.input.value ||= tree.state.filter;
  if (tree.input.value) filter(tree);
}

// The filter looks at `path`; `place` also has the headings of groups in it.
function collect(tree, list, path, place) {
  for (const item of list.children) {
    const details = item.querySelector(":scope > details");
    if (!details) {
      const key = item.className ? null : item.firstElementChild;
      const value = item.querySelector(":scope > div > span");
      const text = `${path}${key?.textContent ?? ""}\n${value?.textContent ?? ""}`.toLowerCase();
      tree.leaves.push({ item, key, value, text, counts: key !== null });
      continue;
    }
    const name = details.querySelector(":scope > summary > b");
    const here = `${place}/${name.textContent}`;
    tree.branches.push({ item, details, name, place: here, was: details.open });
    const isGroup = item.classList.contains("group");
    collect(tree, details.lastElementChild, isGroup ? path : `${path}${name.textContent}.`, here);
  }
  return tree.leaves.filter((leaf) => leaf.counts).length;
}

// -- opening and folding --------------------------------------------------------------------

function restoreFolds(tree) {
  const { opened, folds } = tree.state;
  for (const branch of tree.branches) {
    const level = branch.place.lastIndexOf("/") === 0;
    const usual = { all: true, none: false, level }[opened] ?? branch.was;
    branch.details.open = folds[branch.place] ?? usual;
  }
  markToggle(tree);
}

function openAll(tree, opened) {
  tree.state.opened = opened;
  tree.state.folds = {};
  keep(tree);
  restoreFolds(tree);
}

// The key for "expand all" folds when everything is open.
function markToggle(tree) {
  const [all, none] = ["all", "none"].map((name) => tree.section.querySelector(`[data-open=${name}]`));
  const done = tree.state.opened === "all";
  (done ? none : all).dataset.key = "e";
  delete (done ? all : none).dataset.key;
}

function keepFold(tree, details) {
  const branch = tree.branches.find((each) => each.details === details);
  if (!branch || tree.state.filter) return;
  // The click has not been carried out yet.
  tree.state.folds[branch.place] = !details.open;
  keep(tree);
}

// -- filtering ------------------------------------------------------------------------------

function filter(tree) {
  const text = tree.input.value.trim();
  const words = splitNames(text);
  const was = tree.state.filter;
  tree.state.filter = text;
  keep(tree);
  let matching = 0;
  for (const leaf of tree.leaves) {
    const hit = words.every((word) => fits(word, leaf.text)) && (leaf.counts || !words.length);
    leaf.item.hidden = !hit;
    if (hit && leaf.counts) matching += 1;
  }
  // Innermost first, so that an outer branch knows whether anything in it remained.
  for (const branch of tree.branches.toReversed()) {
    branch.item.hidden = words.length > 0 && !branch.details.querySelector(":scope > ul > li:not([hidden])");
    if (words.length) branch.details.open = true;
  }
  if (!words.length && was) restoreFolds(tree);
  tree.count.textContent = words.length ? `${matching} of ${tree.total} field${tree.total === 1 ? "" : "s"}` : tree.said;
  tree.section.toggleAttribute("data-empty", words.length > 0 && !matching);
  mark(tree, words.map((word) => word.text));
}

function mark(tree, words) {
  if (!globalThis.Highlight) return;
  const ranges = [];
  const places = [...tree.leaves.flatMap((leaf) => [leaf.key, leaf.value]), ...tree.branches.map((each) => each.name)];
  for (const place of words.length ? places : []) {
    if (!place || place.closest("[hidden]")) continue;
    for (const node of textNodes(place)) {
      const text = node.data.toLowerCase();
      if (text.length !== node.data.length) continue;
      for (const word of words) {
        for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
          const range = new Range();
          range.setStart(node, at);
          range.setEnd(node, at + word.length);
          ranges.push(range);
        }
      }
    }
  }
  CSS.highlights.set("tree-hit", new Highlight(...ranges));
}

function* textNodes(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) yield walker.currentNode;
}

// -- the menu of a field --------------------------------------------------------------------

let menu = null;

function makeMenu() {
  menu = document.createElement("div");
  menu.className = "field-menu";
  menu.popover = "auto";
  menu.setAttribute("role", "dialog");
  menu.setAttribute("aria-label", "Field");
  document.body.append(menu);
}

export async function showMenu(link) {
  const answer = await fetch(link.href, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok) return say("The field could not be read.");
  if (!menu) makeMenu();
  const markup = await answer.text();
  const anchor = menu.contains(link) ? null : link.getBoundingClientRect();
  menu.innerHTML = markup;
  htmx.trigger(menu, "htmx:load"); // Times in it are those of the reader's zone.
  if (!menu.matches(":popover-open")) menu.showPopover();
  if (anchor) place(anchor);
  (menu.querySelector(".field-value button") ?? menu.querySelector("button, a"))?.focus();
}

// Below the field where there is room, else above it, never outside the window.
function place(anchor) {
  const { width, height } = menu.getBoundingClientRect();
  const below = anchor.bottom + 4;
  const top = below + height <= innerHeight ? below : Math.max(8, anchor.top - height - 4);
  menu.style.top = `${Math.min(top, Math.max(8, innerHeight - height - 8))}px`;
  menu.style.left = `${Math.max(8, Math.min(anchor.left, innerWidth - width - 8))}px`;
}

// -- keys -----------------------------------------------------------------------------------

const STOPS = ".tree-list summary, .tree-list li:not([class]) > a:first-child";

function step(tree, from, by) {
  const stops = [...tree.section.querySelectorAll(STOPS)].filter((each) => each.checkVisibility());
  stops[stops.indexOf(from) + by]?.focus();
}

function onArrow(tree, event) {
  const from = event.target.closest(STOPS);
  if (!from) return false;
  const details = from.matches("summary") ? from.parentElement : null;
  if (event.key === "ArrowDown") step(tree, from, 1);
  else if (event.key === "ArrowUp") step(tree, from, -1);
  else if (event.key === "ArrowRight" && details && !details.open) from.click();
  else if (event.key === "ArrowRight" && details) step(tree, from, 1);
  else if (event.key === "ArrowLeft" && details?.open) from.click();
  else if (event.key === "ArrowLeft") from.closest("ul")?.closest("details")?.querySelector("summary").focus();
  else return false;
  return true;
}

// -- wiring ---------------------------------------------------------------------------------

const plain = (event) => !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

function treeOf(element) {
  const section = element.closest?.(".tree");
  return section ? trees.get(section) : undefined;
}

document.addEventListener("click", (event) => {
  if (!plain(event) || event.button) return;
  const link = event.target.closest("[data-field], .tree-list .about, .tree-list li > a:first-child, .tree-list .cut");
  if (link && (link.closest(".tree") || menu?.contains(link))) {
    event.preventDefault();
    showMenu(link);
    return;
  }
  const tree = treeOf(event.target);
  if (!tree) return;
  const opener = event.target.closest("[data-open]");
  if (opener && !tree.asks) {
    event.preventDefault();
    openAll(tree, opener.dataset.open);
  }
  const summary = event.target.closest("summary");
  if (summary) keepFold(tree, summary.parentElement);
});

document.addEventListener("input", (event) => {
  const tree = treeOf(event.target);
  if (tree && event.target === tree.input && !tree.asks) filter(tree);
});

document.addEventListener("submit", (event) => {
  const tree = treeOf(event.target);
  if (tree && !tree.asks && event.target.matches(".tree-filter")) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (!plain(event)) return;
  if (event.key === "c" && menu?.contains(event.target)) {
    event.preventDefault();
    menu.querySelector(".field-value [data-copy]")?.click();
  }
  const tree = treeOf(event.target);
  if (!tree) return;
  if (event.key.startsWith("Arrow") && onArrow(tree, event)) event.preventDefault();
}, true);

function setUpAll(root) {
  if (root.matches?.(".tree")) setUp(root);
  root.querySelectorAll?.(".tree").forEach(setUp);
}

document.addEventListener("htmx:load", (event) => setUpAll(event.detail.elt));
setUpAll(document);
