import { useState } from "react";

/** State that this browser remembers under `name`; what isn't readable any more is `initial` again. */
export function useRemembered<T>(name: string, initial: T): [T, (next: T) => void] {
  const [value, setValue] = useState<T>(() => recall(name, initial));
  return [
    value,
    (next) => {
      setValue(next);
      remember(name, next);
    },
  ];
}

export function recall<T>(name: string, initial: T): T {
  try {
    const kept = localStorage.getItem(name);
    return kept === null ? initial : (JSON.parse(kept) as T);
  } catch {
    return initial;
  }
}

export function remember(name: string, value: unknown): void {
  localStorage.setItem(name, JSON.stringify(value));
}
