import { type MouseEvent, useRef, useState } from "react";
import { useKeys } from "../../ui/keys";

const NOTHING: ReadonlySet<string> = new Set();

/** Where the keyboard is in a list, what is selected of it, and whether the row is looked into; the last two only where `selecting`. */
export function useRows(one: "run" | "step", keys: readonly string[], open: (key: string) => void, selecting = true) {
  const title = one === "run" ? "Runs" : "Steps";
  const [chosen, setChosen] = useState<string | null>(null);
  const [selected, setSelected] = useState(NOTHING);
  const [peeking, setPeeking] = useState(false);
  const reachRef = useRef<(row: number) => void>(() => undefined);
  const at = chosen === null ? -1 : keys.indexOf(chosen);
  const choose = (row: number) => {
    setChosen(keys[row] ?? null);
    reachRef.current(row);
  };
  const move = (by: number) => choose(Math.min(keys.length - 1, Math.max(0, at < 0 ? 0 : at + by)));
  const toggle = (key: string | undefined) => {
    if (key === undefined) return;
    const next = new Set(selected);
    if (!next.delete(key)) next.add(key);
    setSelected(next);
  };
  /** A click on the box of a row; with Shift, of all from the row before. */
  const onSelect = (key: string, event: MouseEvent) => {
    const to = keys.indexOf(key);
    if (event.shiftKey && at >= 0) setSelected(new Set([...selected, ...keys.slice(Math.min(at, to), Math.max(at, to) + 1)]));
    else toggle(key);
    setChosen(key);
  };
  const selectAll = () => setSelected(new Set(keys));
  useKeys(title, [
    { keys: "j", label: `Next ${one}`, run: () => move(1) },
    { keys: "k", label: `Previous ${one}`, run: () => move(-1) },
    { keys: "ArrowDown", label: `Next ${one}`, run: () => move(1) },
    { keys: "ArrowUp", label: `Previous ${one}`, run: () => move(-1) },
    { keys: "Enter", label: "Open", run: () => at >= 0 && open(keys[at] as string) },
    { keys: "o", label: "Open", run: () => at >= 0 && open(keys[at] as string) },
    { keys: "g g", label: `First ${one}`, run: () => choose(0) },
    { keys: "G", label: `Last loaded ${one}`, run: () => choose(keys.length - 1) },
  ]);
  const peek = () => {
    if (at < 0) choose(0);
    setPeeking(!peeking || at < 0);
  };
  useKeys(
    title,
    [
      { keys: " ", label: "Look into it", run: peek },
      { keys: "x", label: "Select", run: () => toggle(keys[Math.max(0, at)]) },
      { keys: "mod+a", label: "Select all that are loaded", run: selectAll },
    ],
    selecting,
  );
  useKeys(title, [{ keys: "Escape", label: "Let go", run: () => (peeking ? setPeeking(false) : setSelected(NOTHING)) }], peeking || selected.size > 0);
  return { at, chosen, setChosen, selected, selectAll, clear: () => setSelected(NOTHING), onSelect, peeking: peeking && at >= 0, closePeek: () => setPeeking(false), reachRef };
}
