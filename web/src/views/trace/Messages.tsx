import { Bot, ChevronRight, type LucideIcon, MessageSquareText, ScrollText, User, Wrench } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Conversation, Part, ToolDefinition } from "../../api/types";
import { CopyButton } from "../../ui/Copy";
import { formatCount, formatOf } from "../../ui/format";
import { Json } from "../../ui/Json";
import { LongText } from "../../ui/LongText";
import { Rendered } from "../../ui/Rendered";
import { Blob } from "./Blob";
import { ToolCall } from "./ToolCall";
import { isCall, pairCalls, textOf, type Turn } from "./turns";
import { parseJson, ValueView } from "./ValueView";

/** Of a long history the end is what this call answered; the rest is a line to click. */
const SHOWN_BEFORE = 8;

/** What was said to a model and what it answered. */
export function Messages({ conversation, traceId }: { conversation: Conversation; traceId: string }) {
  const { system = [], messages_in = [], messages_out = [], tools = [] } = conversation;
  const turns = pairCalls(messages_in);
  const answers = pairCalls(messages_out);
  return (
    <div data-testid="messages" className="pb-6">
      {system.map((message, k) => (
        <Folded key={k} icon={ScrollText} title="System prompt" size={`${formatCount(textOf(message).length)} characters`} copy={textOf(message)}>
          <Parts parts={message.parts ?? []} traceId={traceId} />
        </Folded>
      ))}
      {tools.length > 0 && (
        <Folded icon={Wrench} title={formatOf(tools.length, "tool")} size={tools.map(({ name }) => name).join(", ")}>
          {tools.map((tool) => (
            <Tool key={tool.name} tool={tool} />
          ))}
        </Folded>
      )}
      <History turns={turns} traceId={traceId} />
      {answers.length > 0 && <div className="mx-3 mt-2 mb-1 flex items-center gap-2 text-xs font-medium text-faint before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">answer</div>}
      {answers.map((turn, k) => (
        <TurnBlock key={k} turn={turn} traceId={traceId} answer />
      ))}
    </div>
  );
}

function History({ turns, traceId }: { turns: Turn[]; traceId: string }) {
  const [whole, setWhole] = useState(false);
  const hidden = whole ? 0 : Math.max(0, turns.length - SHOWN_BEFORE);
  return (
    <>
      {hidden > 1 && (
        <button type="button" data-testid="earlier" className="mx-3 mt-2 flex items-center gap-2 text-sm text-accent-text hover:underline" onClick={() => setWhole(true)}>
          show {hidden} earlier messages
        </button>
      )}
      {turns.slice(hidden > 1 ? hidden : 0).map((turn, k) => (
        <TurnBlock key={k} turn={turn} traceId={traceId} />
      ))}
    </>
  );
}

const ROLES: Record<string, { icon: LucideIcon; color: string }> = {
  user: { icon: User, color: "var(--kind-human)" },
  assistant: { icon: MessageSquareText, color: "var(--kind-llm)" },
  tool: { icon: Wrench, color: "var(--kind-tool)" },
  system: { icon: ScrollText, color: "var(--text-faint)" },
  developer: { icon: ScrollText, color: "var(--text-faint)" },
};
const OTHER_ROLE = { icon: Bot, color: "var(--kind-agent)" };

export function TurnBlock({ turn: { message, parts }, traceId, answer = false }: { turn: Turn; traceId: string; answer?: boolean }) {
  const { icon: Icon, color } = ROLES[message.role] ?? OTHER_ROLE;
  return (
    <article data-testid="message" data-role={message.role} data-answer={answer} className="group/turn px-3 pt-2.5 pb-1 [content-visibility:auto] [contain-intrinsic-size:auto_120px]">
      <header className="mb-1 flex h-5 items-center gap-1.5 text-sm">
        <Icon size={13} style={{ color }} />
        <span className="font-semibold">{message.role}</span>
        {message.name && <span className="text-muted">{message.name}</span>}
        {message.truncated && <span className="text-error-text" title="The sender or the size limit cut this message off">cut off</span>}
        <span className="flex-1" />
        <CopyButton text={() => textOf(message)} label="Copy the message" className="invisible group-focus-within/turn:visible group-hover/turn:visible" />
        {message.finish_reason && (
          <span className="text-xs text-faint" title="Why the model stopped">
            {message.finish_reason}
          </span>
        )}
      </header>
      <div className={`border-l-2 pl-3 ${answer ? "border-accent" : "border-line"}`}>
        <Parts parts={parts} traceId={traceId} />
      </div>
    </article>
  );
}

export function Parts({ parts, traceId }: { parts: Turn["parts"]; traceId: string }) {
  if (parts.length === 0) return <span className="text-faint">nothing</span>;
  return (
    <div className="flex flex-col gap-2">
      {parts.map((part, k) => (isCall(part) ? <ToolCall key={k} call={part.call} result={part.result} /> : <PartView key={k} part={part} traceId={traceId} />))}
    </div>
  );
}

function PartView({ part, traceId }: { part: Part; traceId: string }) {
  switch (part.type) {
    case "text":
      return <Prose text={part.text ?? ""} />;
    case "reasoning":
      return <Reasoning text={part.text ?? ""} />;
    case "refusal":
      return (
        <div className="rounded-md bg-error-soft px-2 py-1 text-error-text">
          <Prose text={part.text ?? "refused"} />
        </div>
      );
    case "tool_call_response":
      return <ToolCall result={part} />;
    case "blob":
    case "file":
    case "uri":
      return <Blob part={part} traceId={traceId} />;
    case "compaction":
      return (
        <div className="text-muted italic">
          What was said before was summed up here.
          {part.text && <Prose text={part.text} />}
        </div>
      );
    default:
      return part.text ? <Prose text={part.text} /> : <ValueView value={part.data ?? null} />;
  }
}

/** What was written: markdown, unless it is JSON. */
function Prose({ text }: { text: string }) {
  const parsed = parseJson(text);
  if (parsed !== undefined) return <Json value={parsed} depth={1} />;
  return <LongText text={text} render={(part) => <Rendered text={part} />} />;
}

function Reasoning({ text }: { text: string }) {
  return (
    <details className="group/reason text-muted" open={text.length < 600}>
      <summary className="flex list-none items-center gap-1 text-sm text-faint hover:text-text">
        <ChevronRight size={12} className="group-open/reason:rotate-90" /> reasoning
      </summary>
      <div className="mt-1 border-l border-dashed border-line-strong pl-3">{text ? <Prose text={text} /> : "kept by the provider"}</div>
    </details>
  );
}

export function Tool({ tool }: { tool: ToolDefinition }) {
  return (
    <div className="py-1.5">
      <div className="font-mono text-sm font-medium">{tool.name}</div>
      {tool.description && (
        <div className="text-muted">
          <LongText text={tool.description} render={(part) => <div className="break-words whitespace-pre-wrap">{part}</div>} />
        </div>
      )}
      {tool.parameters !== undefined && tool.parameters !== null && <Json value={tool.parameters} depth={0} />}
    </div>
  );
}

/** What stands above the conversation and is rarely read: one line until it is opened. */
export function Folded({ icon: Icon, title, size, copy, children }: { icon: LucideIcon; title: string; size: string; copy?: string; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <section className="border-b border-line">
      <div className="flex items-center pr-2 hover:bg-hover">
        <button type="button" aria-expanded={open} className="flex h-8 min-w-0 flex-1 items-center gap-1.5 px-3 text-left" onClick={() => setOpen(!open)}>
          <ChevronRight size={13} className={`shrink-0 text-faint ${open ? "rotate-90" : ""}`} />
          <Icon size={13} className="shrink-0 text-faint" />
          <span className="shrink-0 font-medium">{title}</span>
          <span className="truncate text-sm text-faint">{size}</span>
        </button>
        {copy !== undefined && <CopyButton text={copy} label={`Copy the ${title.toLowerCase()}`} />}
      </div>
      {open && <div className="px-3 pt-1 pb-3 pl-9">{children}</div>}
    </section>
  );
}
