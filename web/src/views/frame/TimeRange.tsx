import { useNavigate } from "@tanstack/react-router";
import { ChevronDown, Clock, X } from "lucide-react";
import { Button, IconButton } from "../../ui/Button";
import { formatMoment } from "../../ui/format";
import { Menu, MenuChoice } from "../../ui/Menu";
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

/** The range of time: a preset, or what was drawn on the histogram. */
export function TimeRange() {
  const { from = DEFAULT_FROM, to } = useScope();
  const navigate = useNavigate();
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
      </Menu>
      {!preset && (
        <IconButton label="Back to the last 24 hours" onClick={() => choose(DEFAULT_FROM)}>
          <X size={14} />
        </IconButton>
      )}
    </>
  );
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
