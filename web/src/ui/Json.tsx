import { ChevronRight } from "lucide-react";
import { memo, useState } from "react";
import { useCopy } from "./Copy";
import { formatCount } from "./format";

/** More entries than this are shown on demand, in steps. */
const STEP = 100;
/** Longer strings are cut on their line and shown whole on a click. */
const LONG_STRING = 400;

type Path = readonly (string | number)[];

interface Props {
  value: unknown;
  /** How many levels are open at first. */
  depth?: number;
}

/** A JSON value as a tree: levels fold, values and paths can be copied, what is large comes in steps. */
export function Json({ value, depth = 2 }: Props) {
  const nested = typeof value === "object" && value !== null && Object.keys(value).length > 0;
  return (
    <div className="font-mono text-sm leading-[18px]" data-testid="json">
      {nested && depth > 0 ? <Entries value={value} path={[]} open={depth} /> : <Entry value={value} path={[]} open={depth} />}
    </div>
  );
}

interface EntryProps {
  value: unknown;
  path: Path;
  /** How many more levels are open, this one included. */
  open: number;
}

const Entry = memo(function Entry({ value, path, open }: EntryProps) {
  const nested = typeof value === "object" && value !== null;
  return nested ? <Branch value={value} path={path} open={open} /> : <Leaf value={value} path={path} />;
});

function Branch({ value, path, open }: EntryProps & { value: object }) {
  const count = Object.keys(value).length;
  const [isOpen, setOpen] = useState(open > 0 && count > 0);
  return (
    <div>
      <Line path={path} value={value}>
        <button
          type="button"
          className="flex w-full min-w-0 items-center text-left"
          aria-expanded={isOpen}
          disabled={count === 0}
          onClick={() => setOpen(!isOpen)}
        >
          <ChevronRight
            size={12}
            className={`shrink-0 text-faint transition-transform duration-75 ${isOpen ? "rotate-90" : ""} ${count === 0 ? "invisible" : ""}`}
          />
          <Name path={path} />
          <span className="truncate text-faint">{isOpen ? countOf(value, count) : summarize(value, count)}</span>
        </button>
      </Line>
      {isOpen && (
        <div className="ml-[5px] border-l border-line pl-2">
          <Entries value={value} path={path} open={open} />
        </div>
      )}
    </div>
  );
}

function Entries({ value, path, open }: { value: object; path: Path; open: number }) {
  const [shown, setShown] = useState(STEP);
  const entries = Array.isArray(value) ? value.map((item, k) => [k, item] as const) : Object.entries(value);
  return (
    <>
      {entries.slice(0, shown).map(([name, item]) => (
        <Entry key={name} value={item} path={[...path, name]} open={open - 1} />
      ))}
      {entries.length > shown && (
        <button type="button" className="ml-3 font-sans text-accent-text hover:underline" onClick={() => setShown(shown + 10 * STEP)}>
          {formatCount(entries.length - shown)} more
        </button>
      )}
    </>
  );
}

function Leaf({ value, path }: { value: unknown; path: Path }) {
  const [whole, setWhole] = useState(false);
  const long = typeof value === "string" && value.length > LONG_STRING && !whole;
  return (
    <Line path={path} value={value}>
      <div className={path.length > 0 ? "min-w-0 pl-3" : "min-w-0"}>
        <Name path={path} />
        <span className={`break-words whitespace-pre-wrap ${colorOf(value)}`}>
          {long ? `${JSON.stringify(value.slice(0, LONG_STRING)).slice(0, -1)}…` : literal(value)}
        </span>
        {long && (
          <button type="button" className="ml-1 font-sans text-accent-text hover:underline" onClick={() => setWhole(true)}>
            show all {formatCount(value.length)} characters
          </button>
        )}
      </div>
    </Line>
  );
}

/** One line with its copy actions, which appear on hover. */
function Line({ path, value, children }: { path: Path; value: unknown; children: React.ReactNode }) {
  return (
    <div className="group/line relative rounded-sm hover:bg-hover">
      {children}
      <span className="invisible absolute top-0 right-0 flex gap-2 rounded-sm bg-hover px-1 font-sans text-xs leading-[18px] group-focus-within/line:visible group-hover/line:visible">
        {path.length > 0 && <CopyWord word="path" text={() => renderPath(path)} />}
        <CopyWord word="value" text={() => (typeof value === "string" ? value : JSON.stringify(value, null, 2))} />
      </span>
    </div>
  );
}

function CopyWord({ word, text }: { word: string; text: () => string }) {
  const [copied, copy] = useCopy();
  return (
    <button type="button" className="text-faint hover:text-text" aria-label={`Copy ${word}`} onClick={() => copy(text())}>
      {copied ? "copied" : word}
    </button>
  );
}

function Name({ path }: { path: Path }) {
  const name = path.at(-1);
  if (name === undefined) return null;
  return (
    <span className="shrink-0 text-muted">
      {name}
      <span className="text-faint">:&nbsp;</span>
    </span>
  );
}

function summarize(value: object, count: number): string {
  if (Array.isArray(value)) return count === 0 ? "[]" : countOf(value, count);
  const names = Object.keys(value).slice(0, 4).join(", ");
  return count > 4 ? `{ ${names}, … }` : count > 0 ? `{ ${names} }` : "{}";
}

function countOf(value: object, count: number): string {
  return Array.isArray(value) ? `[ ${formatCount(count)} ]` : "";
}

function literal(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function colorOf(value: unknown): string {
  if (typeof value === "string") return "text-json-string";
  return typeof value === "number" ? "text-json-number" : "text-json-word";
}

/** `messages[0].content`, with quotes where a name is not a plain word. */
export function renderPath(path: Path): string {
  return path
    .map((step, k) => {
      if (typeof step === "number") return `[${step}]`;
      if (/^[A-Za-z_$][\w$]*$/.test(step)) return k === 0 ? step : `.${step}`;
      return `[${JSON.stringify(step)}]`;
    })
    .join("");
}
