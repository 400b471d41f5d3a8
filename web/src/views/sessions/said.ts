import type { Conversation, Value } from "../../api/types";
import { textOf } from "../trace/turns";

/** What a run was asked, from what its root was given; undefined where that is no text. */
export function askedIn({ messages_in, input }: Conversation): string | undefined {
  const asked = messages_in?.findLast(({ role }) => role === "user");
  return (asked && textOf(asked)) || textIn(input);
}

/** What a run answered, from what its root gave back; undefined where that is no text. */
export function answeredIn({ messages_out, output }: Conversation): string | undefined {
  const answer = messages_out?.findLast(({ role, parts }) => role === "assistant" && parts?.some(({ type }) => type === "text"));
  return (answer && textOf({ ...answer, parts: answer.parts?.filter(({ type }) => type === "text") ?? [] })) || textIn(output);
}

/** A text, or the only text in an object: `{"question": "…"}` asks it. */
function textIn(value: Value): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const [only, ...more] = Object.values(value);
  return typeof only === "string" && only !== "" && more.length === 0 ? only : undefined;
}
