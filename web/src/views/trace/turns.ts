import type { Message, Part } from "../../api/types";

/** A tool call with the result that belongs to it, if one was said in the same conversation. */
export interface Call {
  type: "call";
  call: Part;
  result: Part | undefined;
}

/** A message as a person reads it: calls carry their results, and results are not said again. */
export interface Turn {
  message: Message;
  parts: (Part | Call)[];
}

export function isCall(part: Part | Call): part is Call {
  return part.type === "call";
}

/**
 * Join calls and results by id; where a sender gave none, by name or else in order. A message that
 * held nothing but results already shown is left out.
 */
export function pairCalls(messages: readonly Message[]): Turn[] {
  const results = messages.flatMap((message) => partsOf(message).filter(isResult));
  const used = new Set<Part>();
  const take = (call: Part): Part | undefined => {
    const free = results.filter((result) => !used.has(result));
    const nameless = free.filter((result) => !result.id);
    const found = call.id
      ? free.find((result) => result.id === call.id)
      : (nameless.find((result) => result.name && result.name === call.name) ?? nameless.find((result) => !result.name));
    if (found) used.add(found);
    return found;
  };
  const turns = messages.map((message) => ({
    message,
    parts: partsOf(message).map((part) => (part.type === "tool_call" ? ({ type: "call", call: part, result: take(part) } as const) : part)),
  }));
  return turns
    .map((turn) => ({ ...turn, parts: turn.parts.filter((part) => isCall(part) || !used.has(part)) }))
    .filter(({ message, parts }) => parts.length > 0 || partsOf(message).length === 0);
}

/** The text of a message, for copying. */
export function textOf(message: Message): string {
  return partsOf(message)
    .map((part) => part.text ?? JSON.stringify(part.response ?? part.arguments ?? part.data ?? part.uri ?? ""))
    .join("\n\n");
}

function partsOf(message: Message): Part[] {
  return message.parts ?? [];
}

function isResult(part: Part): boolean {
  return part.type === "tool_call_response";
}
