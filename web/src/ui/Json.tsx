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
  return (
    <div className="font-mono text-sm leading-[18px]" data-testid="json">
      <Entry value={value} path={[]} open={depth} />
    </div>
  );
}

interface EntryProps {
  value: unknown;
  path: Path;
  open: number;
  last?: boolean;
}

const Entry = memo(function Entry({ value, path, open }: EntryProps) {
  const nested = typeof value === "object" && value !== null;
  return nested ? <Branch value={value} path={path} open={open} /> : <Leaf value={value} path={path} />;
});

function Branch({ value, path, open }: EntryProps & { value: object }) {
  const entries = Array.isArray(value) ? value.map((item, k) => [k, item] as const) : Object.entries(value);
  const [isOpen, setOpen] = useState(open > 0 && entries.length > 0);
  const [shown, setShown] = useState(STEP);
  const [before, after] = Array.isArray(value) ? "[]" : "{}";
  return (
    <div>
      <Line path={path} value={value}>
        <button
          type="button"
          className="flex min-w-0 items-center text-left"
          aria-expanded={isOpen}
          disabled={entries.length === 0}
          onClick={() => setOpen(!isOpen)}
        >
          <ChevronRight
            size={12}
            className={`shrink-0 text-faint transition-transform duration-75 ${isOpen ? "rotate-90" : ""} ${entries.length === 0 ? "invisible" : ""}`}
          />
          <Name path={path} />
          <span className="truncate text-faint">
            {isOpen ? before : `${before}${summarize(value, entries.length)}${after}`}
          </span>
        </button>
      </Line>
      {isOpen && (
        <div className="ml-[5px] border-l border-line pl-3">
          {entries.slice(0, shown).map(([name, item]) => (
            <Entry key={name} value={item} path={[...path, name]} open={open - 1} />
          ))}
          {entries.length > shown && (
            <button type="button" className="ml-3 font-sans text-accent-text hover:underline" onClick={() => setShown(shown + 10 * STEP)}>
              {formatCount(entries.length - shown)} more
            </button>
          )}
        </div>
      )}
      {isOpen && <div className="ml-3 text-faint">{after}</div>}
    </div>
  );
}

function Leaf({ value, path }: { value: unknown; path: Path }) {
  const [whole, setWhole] = useState(false);
  const long = typeof value === "string" && value.length > LONG_STRING && !whole;
  return (
    <Line path={path} value={value}>
      <div className="min-w-0 pl-3">
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
    <div className="group/line flex items-start gap-2 rounded-sm hover:bg-hover">
      <div className="min-w-0 flex-1">{children}</div>
      <span className="invisible flex shrink-0 gap-2 pr-1 font-sans text-xs leading-[18px] group-focus-within/line:visible group-hover/line:visible">
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
  if (count === 0) return "";
  if (Array.isArray(value)) return ` ${formatCount(count)} `;
  const names = Object.keys(value);
  return ` ${names.slice(0, 4).join(", ")}${count > 4 ? ", …" : ""} `;
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
