import { quote } from "./terms";

/** Completion of the filter: which word the caret is in, and what could stand there. */

export const FIELDS = [
  ["status", "ok, error"],
  ["outcome", "success, error, refused, cancelled, blocked, waiting"],
  ["kind", "of a step: agent, llm, tool …"],
  ["model", "gpt-5, gpt-*"],
  ["prompt", "planner or planner@7"],
  ["agent", "by name"],
  ["tool", "by name"],
  ["name", "of a run or step"],
  ["cost", "cost>0.10"],
  ["duration", "duration>2.5s"],
  ["tokens", "tokens>10000"],
  ["steps", "steps>20"],
  ["errors", "errors>0"],
  ["llm_calls", "llm_calls>3"],
  ["tool_calls", "tool_calls:0"],
  ["ttft", "ttft<300ms"],
  ["error", "type of the error"],
  ["session", ""],
  ["user", ""],
  ["tag", ""],
  ["environment", ""],
  ["release", ""],
  ["service", ""],
  ["provider", ""],
  ["is", "is:running"],
  ["has", "has:error"],
  ["score.", "score.helpful<0.5"],
  ["metadata.", "metadata.tier:gold"],
  ["attributes.", "any attribute"],
] as const;

/** Fields whose values the API lists. */
const LISTED = new Set([
  "status",
  "outcome",
  "kind",
  "model",
  "prompt",
  "agent",
  "tool",
  "name",
  "error",
  "session",
  "user",
  "tag",
  "environment",
  "release",
  "service",
  "provider",
]);

/** The word at the caret: what is being typed, and where it begins and ends in the text. */
export interface Word {
  start: number;
  end: number;
  /** Empty while the name of a field is typed. */
  field: string;
  prefix: string;
}

export function wordAt(text: string, caret: number): Word {
  let start = 0;
  let quoted = false;
  for (let at = 0; at < caret; at++) {
    if (text[at] === '"') quoted = !quoted;
    else if (text[at] === " " && !quoted) start = at + 1;
  }
  const rest = text.slice(caret).search(/[\s"]/);
  const end = quoted ? caret : rest < 0 ? text.length : caret + rest;
  const typed = text.slice(start, caret);
  const bare = start + (typed.startsWith("-") ? 1 : 0);
  const match = /^([a-z_]+):"?(?:[^",]*,)*([^",]*)$/.exec(text.slice(bare, caret));
  if (match && LISTED.has(match[1] as string)) {
    const prefix = match[2] as string;
    const comma = typed.lastIndexOf(",");
    const valueStart = comma >= 0 ? start + comma + 1 : bare + (match[1] as string).length + 1;
    return { start: valueStart, end, field: match[1] as string, prefix };
  }
  return { start: bare, end, field: "", prefix: text.slice(bare, caret) };
}

export function fieldsFor(prefix: string): { value: string; hint: string }[] {
  if (/[:<>="]/.test(prefix)) return [];
  return FIELDS.filter(([name]) => name.startsWith(prefix.toLowerCase()) && name !== prefix).map(([name, hint]) => ({ value: name, hint }));
}

/** The text with the word replaced, and where the caret goes. A field gets its colon, a value a space. */
export function insert(text: string, word: Word, chosen: string): { text: string; caret: number } {
  const piece = word.field ? `${quote(chosen)} ` : chosen.endsWith(".") ? chosen : `${chosen}:`;
  const tail = text.slice(word.end).replace(/^\s+/, "");
  const head = text.slice(0, word.start) + piece;
  return { text: head + tail, caret: head.length };
}
