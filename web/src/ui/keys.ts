import { useEffect, useLayoutEffect, useRef } from "react";
import { create } from "zustand";

/** A key and what it does. `keys` is one key as in KeyboardEvent.key, "mod+k", or two in a row: "g r". */
export interface Binding {
  keys: string;
  label: string;
  run: () => void;
  /** Works while typing too; for keys that carry a modifier, and Escape. */
  everywhere?: boolean;
  /** Offered in the command palette too. */
  command?: boolean;
}

/** What "mod" is on the reader's keyboard. */
export const MODIFIER = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl ";

interface KeyMap {
  groups: { id: symbol; title: string; bindings: readonly Binding[] }[];
}

/** The keys that work right now, for the page that lists them. */
export const useKeyMap = create<KeyMap>(() => ({ groups: [] }));

/** Make keys work while the calling component is on the page. The latest component wins a key. */
export function useKeys(title: string, bindings: readonly Binding[], enabled = true): void {
  const latest = useRef(bindings);
  useLayoutEffect(() => {
    latest.current = bindings;
  });
  useEffect(() => {
    if (!enabled) return undefined;
    const group = {
      id: Symbol(title),
      title,
      get bindings() {
        return latest.current;
      },
    };
    useKeyMap.setState(({ groups }) => ({ groups: [...groups, group] }));
    return () => useKeyMap.setState(({ groups }) => ({ groups: groups.filter(({ id }) => id !== group.id) }));
  }, [title, enabled]);
}

const SEQUENCE_MS = 900;
let pending = { key: "", at: 0 };

/** Find what a key press means now, and do it. Attached to the window once. */
export function dispatchKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const key = keyName(event);
  const typing = isTyping(event.target);
  const sequence = event.timeStamp - pending.at < SEQUENCE_MS && pending.key ? `${pending.key} ${key}` : "";
  pending = { key: typing ? "" : key, at: event.timeStamp };
  const binding = findBinding(sequence, typing) ?? findBinding(key, typing);
  if (!binding) return;
  event.preventDefault();
  pending = { key: "", at: 0 };
  binding.run();
}

function findBinding(keys: string, typing: boolean): Binding | undefined {
  if (keys === "") return undefined;
  const { groups } = useKeyMap.getState();
  for (const { bindings } of groups.toReversed()) {
    const found = bindings.find((binding) => binding.keys === keys && (!typing || binding.everywhere));
    if (found) return found;
  }
  return undefined;
}

function keyName(event: KeyboardEvent): string {
  if (event.metaKey || event.ctrlKey) return `mod+${event.key.toLowerCase()}`;
  return event.altKey ? `alt+${event.key.toLowerCase()}` : event.key;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  // A dialog and a menu own their keys.
  return target.closest("input, textarea, select, [contenteditable], [role=dialog], [role=menu], [role=listbox]") !== null;
}
