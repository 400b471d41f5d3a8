// The theme that was chosen, else the system's, kept up to date; `src/ui/theme.ts` writes the choice.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let chosen = null;
    try {
      chosen = localStorage.getItem("clew.theme");
    } catch {
      // Storage is off: the system's theme it is.
    }
    const dark = chosen === "dark" || (chosen !== "light" && system.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  };
  apply();
  system.addEventListener("change", apply);
  addEventListener("clew:theme", apply);
})();
