// Runs before the first paint, so that a chosen theme does not flash. See src/state/useTheme.ts.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem("emberscope.theme");
  } catch {
    // Storage may be forbidden.
  }
  var dark =
    choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
