import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Filter, X } from "lucide-react";
import { useRef, useState } from "react";
import { ApiError } from "../../api/client";
import { type Noun, spansQuery, tracesQuery } from "../../api/queries";
import { IconButton } from "../../ui/Button";
import { useKeys } from "../../ui/keys";
import { useRemembered } from "../../ui/remembered";
import { useListing, useProject, useScope } from "../frame/scope";
import { Suggestions, useSuggestions } from "./Suggestions";

/** Filters that one may want again. */
const MOST_RECENT = 8;

/** The filter as text. Enter applies it; what the API doesn't understand is marked where it stands. */
export function FilterBar({ of }: { of: Noun }) {
  const { filter = "" } = useScope();
  // Another filter from outside (a link, the palette, going back) is another draft.
  return <Draft key={filter} of={of} filter={filter} />;
}

function Draft({ of, filter }: { of: Noun; filter: string }) {
  const project = useProject();
  const error = useListError(of);
  const navigate = useNavigate();
  const input = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useState(filter);
  const apply = (text: string) =>
    void navigate({ to: ".", search: ({ filter: _, ...rest }) => ({ ...rest, ...(text.trim() && { filter: text.trim() }) }) });
  const [recent, setRecent] = useRemembered<string[]>(`clew.filters.${project}`, []);
  const submit = (text: string) => {
    const said = text.trim();
    if (said !== "") setRecent([said, ...recent.filter((one) => one !== said)].slice(0, MOST_RECENT));
    setDraft(said);
    apply(said);
  };
  const suggestions = useSuggestions({ project, text: draft, input, recent, onText: setDraft, onRecent: submit });
  const wrong = error instanceof ApiError && error.status === 400 && draft === filter ? error : null;
  useKeys(of === "runs" ? "Runs" : "Steps", [
    { keys: "/", label: "Filter", run: () => input.current?.focus() },
    { keys: "f", label: "Filter", run: () => input.current?.focus() },
  ]);

  return (
    <div className="relative min-w-0 flex-1">
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          suggestions.close();
          submit(draft);
        }}
        className="field flex items-center gap-2 focus-within:border-accent has-[[aria-invalid=true]]:border-error"
      >
        <Filter size={13} className="shrink-0 text-faint" />
        <input
          ref={input}
          data-testid="filter"
          aria-label={of === "runs" ? "Filter runs" : "Filter steps"}
          aria-invalid={wrong !== null}
          aria-describedby={wrong ? "filter-error" : undefined}
          spellCheck={false}
          autoComplete="off"
          placeholder="outcome:error  model:gpt-*  cost>0.10  prompt:planner@7  -tag:internal  “rate limit”"
          className="min-w-0 flex-1 bg-transparent outline-none placeholder:text-faint"
          value={draft}
          onChange={(event) => {
            setDraft(event.target.value);
            suggestions.open();
          }}
          onKeyDown={(event) => {
            if (suggestions.onKeyDown(event) || event.key !== "Escape") return;
            setDraft(filter);
            event.currentTarget.blur();
          }}
          onFocus={() => draft === "" && suggestions.open()}
          onBlur={suggestions.close}
          {...suggestions.aria}
        />
        {draft !== "" && (
          <IconButton
            label="Clear the filter"
            className="-mr-1"
            onClick={() => {
              setDraft("");
              apply("");
            }}
          >
            <X size={14} />
          </IconButton>
        )}
      </form>
      <Suggestions of={suggestions} />
      {wrong && <FilterError filter={filter} error={wrong} />}
    </div>
  );
}

/** Why the list couldn't be shown. */
function useListError(of: Noun): Error | null {
  const project = useProject();
  const listing = useListing();
  const runs = useInfiniteQuery({ ...tracesQuery(project, listing), enabled: false });
  const spans = useInfiniteQuery({ ...spansQuery(project, listing), enabled: false });
  return of === "runs" ? runs.error : spans.error;
}

function FilterError({ filter, error }: { filter: string; error: ApiError }) {
  const at = Math.min(error.position ?? filter.length, filter.length);
  return (
    <p id="filter-error" role="alert" data-testid="filter-error" className="mt-1.5 flex flex-wrap items-baseline gap-x-3 text-sm text-error-text">
      {error.position !== undefined && (
        <code className="rounded bg-error-soft px-1 font-mono whitespace-pre">
          {filter.slice(0, at)}
          <mark className="border-b-2 border-error bg-transparent text-inherit">{filter.slice(at, at + 1) || " "}</mark>
          {filter.slice(at + 1)}
        </code>
      )}
      {error.message}
    </p>
  );
}
