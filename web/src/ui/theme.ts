import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const STORAGE = "clew.theme";
const CHANGED = "clew:theme";

/** The chosen theme and how to choose another; `public/theme.js` applies it before the first paint. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  return [useSyncExternalStore(subscribe, readTheme), chooseTheme];
}

function readTheme(): Theme {
  const stored = localStorage.getItem(STORAGE);
  return stored === "light" || stored === "dark" ? stored : "system";
}

function chooseTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(STORAGE);
  else localStorage.setItem(STORAGE, theme);
  dispatchEvent(new Event(CHANGED));
}

function subscribe(onChange: () => void): () => void {
  addEventListener(CHANGED, onChange);
  return () => removeEventListener(CHANGED, onChange);
}
