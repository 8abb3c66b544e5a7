// Runs before the first paint: sets the chosen theme, and marks that scripts run.
const root = document.documentElement;
root.dataset.scripted = "";
try {
  const theme = localStorage.getItem("theme");
  if (theme) root.dataset.theme = theme;
  const density = localStorage.getItem("density");
  if (density) root.dataset.density = density;
} catch {
  // A browser that keeps nothing follows the system.
}
