import type { Message, Part, Said } from "../../../api/types";
import type { Turn } from "../../../trace/dialogue";
import { pairCalls, type Turn as Block } from "../turns";

/** What a turn shows: what is new to the model, and its answer with the results that came back. */
export interface Blocks {
  asked: Block[];
  answered: Block[];
}

/**
 * The messages of a turn as blocks. Results stand beside the calls that they answer, so those that
 * begin a turn are shown with the turn before it.
 */
export function blocksOf(turn: Turn, said: Said, next: { turn: Turn; said: Said | undefined } | undefined): Blocks {
  const fresh = turn.fresh.map((place) => said.input[place]).filter((message) => message !== undefined);
  const asked = turn.before >= 0 ? fresh.map(withoutResults).filter(hasParts) : fresh;
  const results = next?.said === undefined ? [] : next.turn.fresh.map((place) => next.said?.input[place]).filter((message) => message !== undefined);
  const answers = new Set(said.output);
  const paired = pairCalls([...said.output, ...results.map(onlyResults).filter(hasParts)]);
  const loose = paired.filter(({ message }) => !answers.has(message));
  return { asked: pairCalls(asked), answered: [...paired.filter(({ message }) => answers.has(message)), ...loose] };
}

function withoutResults(message: Message): Message {
  return withParts(message, (part) => part.type !== "tool_call_response");
}

function onlyResults(message: Message): Message {
  return withParts(message, (part) => part.type === "tool_call_response");
}

function withParts(message: Message, keep: (part: Part) => boolean): Message {
  return { ...message, parts: (message.parts ?? []).filter(keep) };
}

function hasParts(message: Message): boolean {
  return (message.parts?.length ?? 0) > 0;
}
