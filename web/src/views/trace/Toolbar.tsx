import { ChevronsDownUp, ChevronsUpDown, CircleX, Flame, Maximize, Rows3, Rows4, Search } from "lucide-react";
import { useRef } from "react";
import { IconButton } from "../../ui/Button";
import { formatCount, formatOf } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { Menu, MenuChoice, MenuTitle } from "../../ui/Menu";
import { HEATS, useColour } from "./colour";
import { useDensity } from "./density";
import { useRun, useRunStore } from "./store";

/** What acts on the whole tree, and the search through it. */
export function Toolbar() {
  const store = useRunStore();
  const { density, toggle } = useDensity();
  return (
    <div className="flex h-9 shrink-0 items-center gap-0.5 border-b border-line px-2">
      <FindInRun />
      <ErrorJump />
      <IconButton label="Expand all  E" data-testid="expand-all" onClick={() => store.getState().openAll()}>
        <ChevronsUpDown size={15} />
      </IconButton>
      <IconButton label="Collapse all  C" data-testid="collapse-all" onClick={() => store.getState().collapseAll()}>
        <ChevronsDownUp size={15} />
      </IconButton>
      <IconButton label="Show the whole run  0" onClick={() => store.getState().showAll()}>
        <Maximize size={14} />
      </IconButton>
      <ColourMenu />
      <IconButton label={density === "dense" ? "Taller rows" : "Denser rows"} aria-pressed={density === "dense"} onClick={toggle}>
        {density === "dense" ? <Rows3 size={15} /> : <Rows4 size={15} />}
      </IconButton>
    </div>
  );
}

/** Bars by kind, or by what took most of something. */
function ColourMenu() {
  const { by, choose } = useColour();
  const next = HEATS[(HEATS.indexOf(by) + 1) % HEATS.length];
  useKeys("Timeline", [{ keys: "c", label: "Colour by kind, duration, cost, tokens", run: () => choose(next) }]);
  return (
    <Menu
      align="end"
      trigger={
        <IconButton label={`Coloured by ${by}  c`} data-testid="colour" aria-pressed={by !== "kind"}>
          <Flame size={14} />
        </IconButton>
      }
    >
      <MenuTitle>Colour by</MenuTitle>
      <MenuChoice value={by} options={HEATS.map((value) => ({ value, label: value }))} onChange={choose} />
    </Menu>
  );
}

function FindInRun() {
  const store = useRunStore();
  const input = useRef<HTMLInputElement>(null);
  const query = useRun((state) => state.query);
  const count = useRun((state) => state.hits.length);
  const found = useRun((state) => state.found);
  useKeys("Timeline", [{ keys: "/", label: "Find in this run", run: () => input.current?.select() }]);
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
          if (event.key === "Enter") store.getState().goToHit(event.shiftKey ? -1 : 1);
          if (event.key !== "Escape") return;
          store.getState().find("");
          event.currentTarget.blur();
        }}
      />
      {query !== "" && found !== "" && (
        <span role="status" className="shrink-0 pr-2 text-sm text-muted tabular-nums" data-testid="find-count">
          {count === 0 ? "nothing found" : formatOf(count, "span")}
        </span>
      )}
    </div>
  );
}

/** How many steps failed; a click walks through them. */
function ErrorJump() {
  const store = useRunStore();
  const count = useRun((state) => state.run.errors.length);
  if (count === 0) return null;
  return (
    <button
      type="button"
      className="mr-1 flex h-6 items-center gap-1 rounded-md px-1.5 font-medium text-error-text tabular-nums hover:bg-error-soft"
      data-testid="next-error"
      title="To the next error  e"
      onClick={() => store.getState().goToError()}
    >
      <CircleX size={14} /> {formatCount(count)}
    </button>
  );
}
