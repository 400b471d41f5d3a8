import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Ban, ChevronDown, ChevronRight } from "lucide-react";
import { type MouseEvent, useState } from "react";
import { facetsQuery, type Noun } from "../../api/queries";
import type { Facet, Outcome } from "../../api/types";
import { formatCount, formatShort } from "../../ui/format";
import { useRemembered } from "../../ui/remembered";
import { useListing, useProject, useScope } from "../frame/scope";
import { KindIcon, OutcomeIcon } from "../marks";
import { saidOf, toggle, wanted } from "./terms";

/** Shown of a field before one asks for more. */
const FEW = 7;

/** The fields in their order, each with whether it is open before anyone folded it. */
const FACETS: Record<Noun, readonly (readonly [field: string, label: string, open: boolean])[]> = {
  runs: [
    ["outcome", "Outcome", true],
    ["agent", "Agent", true],
    ["prompt", "Prompt version", true],
    ["model", "Model", true],
    ["tool", "Tool", true],
    ["error", "Error", true],
    ["tag", "Tag", true],
    ["name", "Name", false],
    ["environment", "Environment", false],
    ["release", "Release", false],
    ["service", "Service", false],
    ["user", "User", false],
  ],
  spans: [
    ["kind", "Kind", true],
    ["outcome", "Outcome", true],
    ["name", "Name", true],
    ["agent", "Agent", true],
    ["tool", "Tool", true],
    ["model", "Model", true],
    ["prompt", "Prompt version", true],
    ["error", "Error", true],
    ["provider", "Provider", false],
    ["environment", "Environment", false],
    ["release", "Release", false],
    ["service", "Service", false],
    ["user", "User", false],
    ["tag", "Tag", false],
  ],
};

/** What the runs that match have, with how many have it; a click narrows to it. Only what is open is counted. */
export function Facets({ of }: { of: Noun }) {
  const project = useProject();
  const { filter, from, to } = useListing();
  const [folds, setFolds] = useRemembered<Record<string, boolean>>(`clew.facets.${of}`, {});
  const isOpen = (field: string, open: boolean) => folds[field] ?? open;
  const fields = FACETS[of].filter(([field, , open]) => isOpen(field, open)).map(([field]) => field);
  const { data } = useQuery(facetsQuery(project, of, fields, { filter, from, to }));
  const found = new Map(data?.map((facet) => [facet.field, facet]));
  return (
    <aside aria-label="Facets" data-testid="facets" className="w-52 shrink-0 overflow-y-auto border-r border-line pt-1 pb-4">
      {FACETS[of].map(([field, label, open]) => (
        <Section key={field} label={label} open={isOpen(field, open)} onToggle={() => setFolds({ ...folds, [field]: !isOpen(field, open) })}>
          <Values field={field} label={label} facet={found.get(field)} />
        </Section>
      ))}
    </aside>
  );
}

function Section({ label, open, onToggle, children }: { label: string; open: boolean; onToggle: () => void; children: React.ReactNode }) {
  const Chevron = open ? ChevronDown : ChevronRight;
  return (
    <section>
      <h2>
        <button type="button" aria-expanded={open} onClick={onToggle} className="flex h-7 w-full items-center gap-1 px-2 text-sm font-medium text-muted hover:text-text">
          <Chevron size={13} className="text-faint" />
          {label}
        </button>
      </h2>
      {open && children}
    </section>
  );
}

function Values({ field, label, facet }: { field: string; label: string; facet: Facet | undefined }) {
  const { filter = "" } = useScope();
  const [all, setAll] = useState(false);
  if (!facet) return <div className="h-6" />;
  const counted = facet.values;
  const missing = saidOf(filter, field).filter((value) => !counted.some((one) => one.value === value) && !value.includes("*"));
  const values = [...counted, ...missing.map((value) => ({ value, count: 0 }))];
  const most = Math.max(1, ...values.map(({ count }) => count));
  const shown = all ? values : values.filter(({ value }, k) => k < FEW || wanted(filter, field, value) !== "");
  return (
    <div className="mb-1.5">
      {values.length === 0 && <p className="pl-6 text-sm text-faint">none</p>}
      <ul aria-label={label}>
        {shown.map(({ value, count }) => (
          <Value key={value} field={field} value={value} count={count} share={count / most} />
        ))}
      </ul>
      {values.length > shown.length && (
        <button type="button" className="h-6 pl-6 text-sm text-muted hover:text-text" onClick={() => setAll(true)}>
          {values.length - shown.length} more
        </button>
      )}
    </div>
  );
}

function Value({ field, value, count, share }: { field: string; value: string; count: number; share: number }) {
  const { filter = "" } = useScope();
  const navigate = useNavigate();
  const state = wanted(filter, field, value);
  const choose = (want: "in" | "out") => {
    const next = toggle(filter, field, value, want);
    void navigate({ to: ".", search: ({ filter: _, ...rest }) => ({ ...rest, ...(next && { filter: next }) }) });
  };
  return (
    <li className="group/value relative flex h-6 items-center">
      <button
        type="button"
        data-testid="facet-value"
        data-wanted={state || "any"}
        aria-pressed={state !== ""}
        title={`${value}\n${formatCount(count)}\nClick: only these · Alt-click: all but these`}
        className="relative isolate flex h-6 min-w-0 flex-1 items-center gap-1.5 pr-3 pl-6 text-left hover:bg-active data-[wanted=in]:bg-accent-soft data-[wanted=out]:line-through"
        onClick={(event: MouseEvent) => choose(event.altKey ? "out" : "in")}
      >
        <span aria-hidden className="absolute inset-y-1 left-5 -z-10 rounded-[2px] bg-hover" style={{ width: `calc((100% - 28px) * ${share})` }} />
        {field === "outcome" && <OutcomeIcon outcome={(value === "running" ? "" : value) as Outcome} running={value === "running"} size={11} />}
        {field === "kind" && <KindIcon kind={value} size={12} />}
        <span className="min-w-0 flex-1 truncate">{value}</span>
        <span className="num text-sm text-muted">{formatShort(count)}</span>
      </button>
      <button
        type="button"
        aria-label={`Exclude ${value}`}
        title={`All but ${value}`}
        className="absolute right-9 hidden size-5 items-center justify-center rounded bg-raised text-muted shadow-pop group-hover/value:flex hover:text-text focus-visible:flex"
        onClick={() => choose("out")}
      >
        <Ban size={12} />
      </button>
    </li>
  );
}
