import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type RefObject, useState } from "react";
import { valuesQuery } from "../../api/queries";
import { formatShort } from "../../ui/format";
import { fieldsFor, insert, wordAt } from "./complete";

interface Suggestion {
  value: string;
  hint: string;
  /** A whole filter that was used before. */
  whole?: boolean;
}

interface Asked {
  project: string;
  text: string;
  input: RefObject<HTMLInputElement | null>;
  recent: readonly string[];
  onText: (text: string) => void;
  onRecent: (filter: string) => void;
}

/** What could be typed next, and how to choose of it with the keyboard. */
export function useSuggestions({ project, text, input, recent, onText, onRecent }: Asked) {
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const word = wordAt(text, input.current?.selectionStart ?? text.length);
  const values = useQuery({ ...valuesQuery(project, word.field, word.prefix), enabled: isOpen && word.field !== "" });
  const options: Suggestion[] = word.field
    ? (values.data ?? []).map(({ value, count }) => ({ value, hint: formatShort(count) }))
    : [...(text.trim() === "" ? recent.map((value) => ({ value, hint: "recent", whole: true })) : []), ...fieldsFor(word.prefix).slice(0, 12)];
  const shown = isOpen && options.length > 0;

  const choose = (option: Suggestion) => {
    if (option.whole) {
      setOpen(false);
      return onRecent(option.value);
    }
    const next = insert(text, word, option.value);
    onText(next.text);
    setAt(-1);
    setOpen(word.field === "");
    // The caret can be placed once React has written the new value.
    return void requestAnimationFrame(() => input.current?.setSelectionRange(next.caret, next.caret));
  };
  const onKeyDown = (event: KeyboardEvent): boolean => {
    const handled = shown && handleKey(event.key);
    if (handled) event.preventDefault();
    return handled;
  };
  const handleKey = (key: string): boolean => {
    const chosen = options[at === -1 && key === "Tab" ? 0 : at];
    if (key === "ArrowDown") setAt((at + 1) % options.length);
    else if (key === "ArrowUp") setAt(at > 0 ? at - 1 : options.length - 1);
    else if (key === "Escape") setOpen(false);
    else if ((key === "Tab" || key === "Enter") && chosen) choose(chosen);
    else return false;
    return true;
  };

  return {
    options: shown ? options : [],
    at,
    choose,
    onKeyDown,
    open: () => {
      setOpen(true);
      setAt(-1);
    },
    close: () => setOpen(false),
    aria: {
      role: "combobox",
      "aria-expanded": shown,
      "aria-controls": "filter-suggestions",
      "aria-autocomplete": "list" as const,
      ...(at >= 0 && shown && { "aria-activedescendant": `filter-suggestion-${at}` }),
    },
  };
}

export function Suggestions({ of: { options, at, choose } }: { of: ReturnType<typeof useSuggestions> }) {
  if (options.length === 0) return null;
  return (
    <ul
      id="filter-suggestions"
      role="listbox"
      aria-label="Suggestions"
      className="absolute top-8 left-0 z-30 max-h-80 min-w-72 overflow-auto rounded-lg border border-line bg-raised p-1 shadow-pop"
    >
      {options.map((option, k) => (
        <li
          key={`${option.whole} ${option.value}`}
          id={`filter-suggestion-${k}`}
          role="option"
          aria-selected={k === at}
          className="flex h-7 items-center gap-4 rounded-md px-2 select-none hover:bg-hover aria-selected:bg-active"
          // Before the input loses its focus.
          onPointerDown={(event) => {
            event.preventDefault();
            choose(option);
          }}
        >
          <span className={`max-w-96 flex-1 truncate ${option.whole ? "font-mono text-sm" : ""}`}>{option.value}</span>
          <span className="text-sm text-faint">{option.hint}</span>
        </li>
      ))}
    </ul>
  );
}
