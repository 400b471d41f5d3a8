import { useNavigate } from "@tanstack/react-router";
import { ChevronDown, Clock, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button, IconButton } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { formatMoment } from "../../ui/format";
import { Menu, MenuChoice, MenuItem, MenuLine } from "../../ui/Menu";
import { ALL_TIME, DEFAULT_FROM, type Scope, useScope } from "./scope";

const PRESETS = [
  { value: "now-15m", label: "Last 15 minutes" },
  { value: "now-1h", label: "Last hour" },
  { value: "now-6h", label: "Last 6 hours" },
  { value: "now-24h", label: "Last 24 hours" },
  { value: "now-7d", label: "Last 7 days" },
  { value: "now-30d", label: "Last 30 days" },
  { value: "now-90d", label: "Last 90 days" },
  { value: ALL_TIME, label: "All time" },
];

/** The range of time: a preset, two moments, or what was drawn on the histogram. */
export function TimeRange() {
  const { from = DEFAULT_FROM, to } = useScope();
  const navigate = useNavigate();
  const [exact, setExact] = useState(false);
  const choose = (next: string) =>
    void navigate({ to: ".", search: ({ to: _, from: __, ...rest }) => ({ ...rest, ...(next !== DEFAULT_FROM && { from: next }) }) });
  const preset = to === undefined ? PRESETS.find(({ value }) => value === from) : undefined;
  return (
    <>
      <Menu
        trigger={
          <Button look="quiet" data-testid="time-range">
            <Clock size={14} />
            <span className="text-text">{preset?.label ?? describe(from, to)}</span>
            <ChevronDown size={13} />
          </Button>
        }
      >
        <MenuChoice value={preset?.value ?? ""} options={PRESETS} onChange={choose} />
        <MenuLine />
        <MenuItem onSelect={() => setExact(true)}>
          <span className="w-4" />
          From … to …
        </MenuItem>
      </Menu>
      <Dialog open={exact} onOpenChange={setExact} title="From when to when" className="w-[380px]">
        <ExactRange key={String(exact)} from={from} to={to} onDone={() => setExact(false)} />
      </Dialog>
      {!preset && (
        <IconButton label="Back to the last 24 hours" onClick={() => choose(DEFAULT_FROM)}>
          <X size={14} />
        </IconButton>
      )}
    </>
  );
}

/** Two moments on the reader's clock; what is left empty is open: from the beginning, or until now. */
function ExactRange({ from, to, onDone }: { from: string; to: string | undefined; onDone: () => void }) {
  const navigate = useNavigate();
  const [begin, setBegin] = useState(() => toField(from));
  const [end, setEnd] = useState(() => toField(to ?? ""));
  const backwards = begin !== "" && end !== "" && begin >= end;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (backwards) return;
    void navigate({
      to: ".",
      search: ({ to: _, from: __, ...rest }) => ({ ...rest, from: begin === "" ? ALL_TIME : fromField(begin), ...(end !== "" && { to: fromField(end) }) }),
    });
    onDone();
  };
  return (
    <form onSubmit={submit} data-testid="exact-range">
      <div className="grid grid-cols-[40px_1fr] items-center gap-2">
        <label htmlFor="range-from">From</label>
        <input id="range-from" type="datetime-local" step={1} className="field" value={begin} onChange={(event) => setBegin(event.target.value)} />
        <label htmlFor="range-to">To</label>
        <input id="range-to" type="datetime-local" step={1} className="field" value={end} aria-invalid={backwards} onChange={(event) => setEnd(event.target.value)} />
      </div>
      <p className={`mt-2 text-sm ${backwards ? "text-error-text" : "text-muted"}`} role={backwards ? "alert" : undefined}>
        {backwards ? "It ends before it starts." : `Times of ${ZONE}. Empty is open: from the beginning, until now.`}
      </p>
      <div className="mt-4 flex justify-end">
        <Button type="submit" look="primary" disabled={backwards}>
          Show
        </Button>
      </div>
    </form>
  );
}

/** Whose clock the moments are of. */
const ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

const UNITS_MS: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3, w: 604_800e3 };

/** A moment of the address as the field for it wants it: on the reader's clock, without a zone. */
function toField(moment: string): string {
  const relative = /^now(?:-(\d+)([smhdw]))?$/.exec(moment);
  const at = relative ? new Date(Date.now() - Number(relative[1] ?? 0) * (UNITS_MS[relative[2] ?? "s"] as number)) : new Date(moment);
  if (Number.isNaN(at.getTime())) return "";
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60e3);
  return local.toISOString().slice(0, 19);
}

function fromField(local: string): string {
  return new Date(local).toISOString();
}

/** The range within a sentence: "in the last 24 hours", "at any time", "from 14:02:11 to now". */
export function nameRange({ from = DEFAULT_FROM, to }: Scope): string {
  if (to === undefined && from === ALL_TIME) return "at any time";
  const preset = to === undefined ? PRESETS.find(({ value }) => value === from) : undefined;
  if (preset) return `in the ${preset.label.toLowerCase()}`;
  return `${from === ALL_TIME ? "" : `from ${nameMoment(from)} `}${to === undefined ? "to now" : `to ${nameMoment(to)}`}`;
}

function describe(from: string, to: string | undefined): string {
  return `${from === ALL_TIME ? "" : nameMoment(from)} – ${to === undefined ? "now" : nameMoment(to)}`;
}

function nameMoment(moment: string): string {
  return moment.startsWith("now") ? moment : formatMoment(moment);
}
