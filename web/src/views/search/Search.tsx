import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Search as SearchIcon } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { searchQuery } from "../../api/queries";
import type { SearchHit } from "../../api/types";
import { Button } from "../../ui/Button";
import { useKeys } from "../../ui/keys";
import { Marked } from "../../ui/Marked";
import { Empty, ErrorState, ListSkeleton } from "../../ui/States";
import { Moment } from "../figures";
import { ALL_TIME, useListing, useProject, useScope } from "../frame/scope";
import { nameRange } from "../frame/TimeRange";
import { KindIcon } from "../marks";

const route = getRouteApi("/projects/$project/search");

/** Words in what was said, called and answered; a hit is the span that said it first. */
export function Search() {
  const { q = "" } = route.useSearch();
  return (
    <div className="flex min-h-0 flex-1 flex-col" data-testid="search-page">
      <SearchField key={q} q={q} />
      {q === "" ? (
        <Empty title="Search what was said">
          Prompts, answers, tool calls and results of all runs, in any language. Several words must all occur; quotes make a phrase.
        </Empty>
      ) : (
        <Hits q={q} />
      )}
    </div>
  );
}

function SearchField({ q }: { q: string }) {
  const navigate = route.useNavigate();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(q);
  useEffect(() => {
    if (q === "") input.current?.focus();
  }, [q]);
  useKeys("Search", [{ keys: "/", label: "Search", run: () => input.current?.select() }]);
  return (
    <form
      role="search"
      className="shrink-0 border-b border-line px-4 py-2.5"
      onSubmit={(event) => {
        event.preventDefault();
        void navigate({ search: ({ q: _, ...rest }) => ({ ...rest, ...(text.trim() && { q: text.trim() }) }) });
      }}
    >
      <div className="field flex items-center gap-2 focus-within:border-accent">
        <SearchIcon size={13} className="text-faint" />
        <input
          ref={input}
          data-testid="search-input"
          aria-label="Search contents"
          placeholder="rate limit exceeded"
          className="min-w-0 flex-1 bg-transparent outline-none placeholder:text-faint"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
    </form>
  );
}

function Hits({ q }: { q: string }) {
  const project = useProject();
  const { filter, from, to } = useListing();
  const query = useInfiniteQuery(searchQuery(project, q, { filter, from, to }));
  const hits = query.data?.pages.flatMap((page) => page.hits) ?? [];
  if (query.error && !query.data) return <ErrorState error={query.error} title="The search failed" onRetry={() => void query.refetch()} />;
  if (query.isPending) return <ListSkeleton row={52} rows={8} />;
  if (hits.length === 0) return <NoHits q={q} />;
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <ol>
        {hits.map((hit) => (
          <Hit key={`${hit.trace_id} ${hit.content_hash} ${hit.span_id}`} hit={hit} />
        ))}
      </ol>
      {query.hasNextPage && (
        <Button look="quiet" className="m-3" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          Show more
        </Button>
      )}
    </div>
  );
}

/** What was searched, and the one thing that may help. */
function NoHits({ q }: { q: string }) {
  const scope = useScope();
  const navigate = route.useNavigate();
  const everything = scope.from === ALL_TIME && scope.to === undefined;
  return (
    <Empty title="Nothing was found">
      <p>
        <span className="rounded bg-hover px-1 py-px break-words text-text">{q}</span> was looked for in what was said, called and answered {nameRange(scope)}.
        {everything && " All words must occur in one text; fewer of them find more."}
      </p>
      {!everything && (
        <Button className="mt-3" data-testid="search-all-time" onClick={() => void navigate({ search: ({ to: _, ...rest }) => ({ ...rest, from: ALL_TIME }) })}>
          Search all time
        </Button>
      )}
    </Empty>
  );
}

function Hit({ hit }: { hit: SearchHit }) {
  const project = useProject();
  return (
    <li className="border-b border-line" data-testid="search-hit">
      <Link
        to="/projects/$project/runs/$traceId"
        params={{ project, traceId: hit.trace_id }}
        search={{ span: hit.span_id }}
        className="block px-4 py-2 hover:bg-hover"
      >
        <span className="flex items-center gap-1.5 text-sm text-muted">
          <KindIcon kind={hit.kind} size={13} />
          <span className="truncate font-medium text-text">{hit.span_name}</span>
          <span className="truncate">in {hit.trace_name || "unnamed"}</span>
          <Moment iso={hit.time} className="ml-auto text-faint" />
        </span>
        <span className="mt-0.5 line-clamp-2 block break-words">
          <Marked text={hit.snippet} ranges={hit.ranges} />
        </span>
      </Link>
    </li>
  );
}
