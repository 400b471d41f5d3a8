import {
  ArrowDownWideNarrow,
  ArrowRightLeft,
  BookOpen,
  Bot,
  Brain,
  ChevronsRight,
  CircleDashed,
  Database,
  FileText,
  Gauge,
  Globe,
  ListChecks,
  type LucideIcon,
  MessageSquareText,
  Plug,
  ShieldCheck,
  Tangent,
  User,
  Workflow,
  Wrench,
} from "lucide-react";
import type { Outcome } from "../api/types";

/** How a kind looks: its icon, and the hue of its family. */
interface KindLook {
  icon: LucideIcon;
  color: string;
}

const AGENT = "var(--kind-agent)";
const LLM = "var(--kind-llm)";
const TOOL = "var(--kind-tool)";
const RETRIEVAL = "var(--kind-retrieval)";
const GUARDRAIL = "var(--kind-guardrail)";
const HUMAN = "var(--kind-human)";
const OTHER = "var(--kind-other)";

const KINDS: Record<string, KindLook> = {
  workflow: { icon: Workflow, color: AGENT },
  agent: { icon: Bot, color: AGENT },
  plan: { icon: ListChecks, color: AGENT },
  step: { icon: ChevronsRight, color: AGENT },
  handoff: { icon: ArrowRightLeft, color: AGENT },
  llm: { icon: MessageSquareText, color: LLM },
  embedding: { icon: Tangent, color: RETRIEVAL },
  rerank: { icon: ArrowDownWideNarrow, color: RETRIEVAL },
  retrieval: { icon: BookOpen, color: RETRIEVAL },
  memory: { icon: Brain, color: RETRIEVAL },
  tool: { icon: Wrench, color: TOOL },
  mcp: { icon: Plug, color: TOOL },
  guardrail: { icon: ShieldCheck, color: GUARDRAIL },
  evaluation: { icon: Gauge, color: GUARDRAIL },
  human: { icon: User, color: HUMAN },
  prompt: { icon: FileText, color: OTHER },
  http: { icon: Globe, color: OTHER },
  db: { icon: Database, color: OTHER },
};
const UNKNOWN_KIND: KindLook = { icon: CircleDashed, color: OTHER };

export function kindColor(kind: string): string {
  return (KINDS[kind] ?? UNKNOWN_KIND).color;
}

/** The colour of a share of the most, from 0 to 1; of what is unknown, that of no kind. */
export function heatColor(heat: number): string {
  if (Number.isNaN(heat)) return "var(--line-strong)";
  return `color-mix(in oklch, var(--heat-high) ${Math.round(heat * 100)}%, var(--heat-low))`;
}

export function KindIcon({ kind, size = 14 }: { kind: string; size?: number }) {
  const { icon: Icon, color } = KINDS[kind] ?? UNKNOWN_KIND;
  return <Icon size={size} style={{ color }} className="shrink-0" aria-label={kind || "other"} strokeWidth={1.9} />;
}

/** What the page calls an outcome; `outcome` is empty while a run goes on, or where nothing is known. */
export function outcomeName(outcome: Outcome, running: boolean): string {
  if (running) return "running";
  return outcome === "" ? "no outcome" : outcome;
}

export function outcomeColor(name: string): string {
  return name === "no outcome" || name === "" ? "var(--text-faint)" : `var(--outcome-${name})`;
}

/** An outcome by shape and colour: the shapes differ for those who see colours differently. */
export function OutcomeIcon({ outcome, running = false, size = 12 }: { outcome: Outcome; running?: boolean; size?: number }) {
  const name = outcomeName(outcome, running);
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 12 12"
      role="img"
      aria-label={name}
      data-outcome={name}
      className={`shrink-0 ${running ? "animate-[breathe_1.6s_ease-in-out_infinite]" : ""}`}
      style={{ color: outcomeColor(name) }}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
    >
      <title>{name}</title>
      {SHAPES[name] ?? SHAPES["no outcome"]}
    </svg>
  );
}

const SHAPES: Record<string, React.ReactNode> = {
  success: <circle cx="6" cy="6" r="3.6" fill="currentColor" stroke="none" />,
  error: <path d="M2.6 2.6l6.8 6.8M9.4 2.6l-6.8 6.8" />,
  refused: <path d="M6 1.4l4.6 4.6L6 10.6 1.4 6z" />,
  blocked: <path d="M2 2h8v8H2zM4 6h4" />,
  cancelled: <path d="M2.4 6h7.2" />,
  waiting: <path d="M4 2.4v7.2M8 2.4v7.2" />,
  running: (
    <>
      <circle cx="6" cy="6" r="4.4" />
      <path d="M6 1.6a4.4 4.4 0 0 1 0 8.8z" fill="currentColor" stroke="none" />
    </>
  ),
  "no outcome": <circle cx="6" cy="6" r="3.4" />,
};
