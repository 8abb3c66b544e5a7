// Times in the reader's own zone; UTC stays in the tooltip.

// The zone for times in a search is kept in a cookie, below the path that a proxy serves us at.
const home = document.querySelector("a.brand")?.pathname ?? "/";
document.cookie = `zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}; path=${home.replace(/(.)\/$/, "$1")}; max-age=31536000; samesite=lax`;

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, timeZoneName: "short",
});
const second = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
});
const ago = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const STEPS = [[60, "second"], [3600, "minute"], [86400, "hour"], [2592000, "day"], [31536000, "month"], [Infinity, "year"]];
const UNITS = { second: 1, minute: 60, hour: 3600, day: 86400, month: 2592000, year: 31536000 };

function sayAgo(instant) {
  const seconds = (instant - Date.now()) / 1000;
  const [, unit] = STEPS.find(([limit]) => Math.abs(seconds) < limit);
  return ago.format(Math.trunc(seconds / UNITS[unit]), unit);
}

function say(instant, form) {
  if (form === "ago") return sayAgo(instant);
  if (form === "full") return full.format(instant);
  if (form === "second") return second.format(instant);
  const now = new Date();
  if (instant.toDateString() === now.toDateString()) return clock.format(instant);
  return (instant.getFullYear() === now.getFullYear() ? day : dayOfYear).format(instant);
}

export function localize(root) {
  for (const element of root.querySelectorAll("time[data-form]")) {
    const instant = new Date(element.dateTime);
    if (Number.isNaN(instant.valueOf())) continue;
    element.title ||= element.textContent;
    element.textContent = say(instant, element.dataset.form);
  }
}

document.addEventListener("htmx:load", (event) => localize(event.detail.elt));
localize(document);
setInterval(() => {
  for (const element of document.querySelectorAll('time[data-form="ago"]')) {
    element.textContent = sayAgo(new Date(element.dateTime));
  }
}, 30_000);
