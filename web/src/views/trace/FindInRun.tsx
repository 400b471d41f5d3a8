import { Search } from "lucide-react";
import { useRef } from "react";
import { formatOf } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { useRun, useRunStore } from "./store";

interface Props {
  /** What was found, in words; empty while nobody knows. */
  told: string;
  /** To the next hit, or with -1 the one before. */
  onGo: (by: 1 | -1) => void;
}

/** Where one says what is looked for in this run: the same words in each of its views. */
export function FindInRun({ told, onGo }: Props) {
  const store = useRunStore();
  const input = useRef<HTMLInputElement>(null);
  const query = useRun((state) => state.query);
  useKeys("Run", [
    { keys: "/", label: "Find in this run", command: true, run: () => input.current?.select() },
    { keys: "n", label: "Next hit", run: () => onGo(1) },
    { keys: "N", label: "Previous hit", run: () => onGo(-1) },
  ]);
  return (
    <div className="flex min-w-0 flex-1 items-center gap-1.5 pl-1">
      <Search size={13} className="shrink-0 text-faint" />
      <input
        ref={input}
        data-testid="find-in-run"
        aria-label="Find in this run"
        placeholder="Find in this run"
        spellCheck={false}
        className="h-7 min-w-0 flex-1 bg-transparent outline-none placeholder:text-faint"
        value={query}
        onChange={(event) => store.getState().find(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") onGo(event.shiftKey ? -1 : 1);
          if (event.key !== "Escape") return;
          store.getState().find("");
          event.currentTarget.blur();
        }}
      />
      {query !== "" && told !== "" && (
        <span role="status" className="shrink-0 pr-2 text-sm text-muted tabular-nums" data-testid="find-count">
          {told}
        </span>
      )}
    </div>
  );
}

/** How many were found, as it stands beside what was looked for. */
export function tellHits(count: number, unit: string): string {
  return count === 0 ? "nothing found" : formatOf(count, unit);
}
