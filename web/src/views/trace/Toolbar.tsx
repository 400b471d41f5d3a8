import { ChevronsDownUp, ChevronsUpDown, CircleX, Flame, Maximize, Rows3, Rows4 } from "lucide-react";
import { IconButton } from "../../ui/Button";
import { formatCount } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { Menu, MenuChoice, MenuTitle } from "../../ui/Menu";
import { HEATS, useColour } from "./colour";
import { useDensity } from "./density";
import { FindInRun, tellHits } from "./FindInRun";
import { useRun, useRunStore } from "./store";

/** What acts on the whole tree, and the search through it. */
export function Toolbar() {
  const store = useRunStore();
  const { density, toggle } = useDensity();
  return (
    <div className="flex h-9 shrink-0 items-center gap-0.5 border-b border-line px-2">
      <FindSteps />
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
  useKeys("Timeline", [{ keys: "c", label: "Colour by kind, duration, cost, tokens", command: true, run: () => choose(next) }]);
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

/** The steps whose names and previews hold what is looked for. */
function FindSteps() {
  const store = useRunStore();
  const count = useRun((state) => state.hits.length);
  const found = useRun((state) => state.found);
  return <FindInRun told={found === "" ? "" : tellHits(count, "span")} onGo={(by) => store.getState().goToHit(by)} />;
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
