import fc from "fast-check";
import { expect, test } from "vitest";
import type { Message, Part } from "../../api/types";
import { isCall, pairCalls } from "./turns";

const call = (id: string, name = "search"): Part => ({ type: "tool_call", id, name });
const answer = (id: string, response: string, name = ""): Part => ({ type: "tool_call_response", id, name, response });

test("a call carries its result, and the tool's message is not said again", () => {
  const turns = pairCalls([
    { role: "user", parts: [{ type: "text", text: "hi" }] },
    { role: "assistant", parts: [call("a"), call("b")] },
    { role: "tool", parts: [answer("b", "two")] },
    { role: "tool", parts: [answer("a", "one")] },
    { role: "assistant", parts: [{ type: "text", text: "done" }] },
  ]);
  expect(turns.map(({ message }) => message.role)).toEqual(["user", "assistant", "assistant"]);
  expect(turns[1].parts.filter(isCall).map(({ result }) => result?.response)).toEqual(["one", "two"]);
});

test("without ids, calls take results of their name, then in order", () => {
  const turns = pairCalls([
    { role: "assistant", parts: [call("", "a"), call("", "b"), call("", "c")] },
    { role: "tool", parts: [answer("", "of b", "b"), answer("", "first free"), answer("", "second free")] },
  ]);
  expect(turns[0].parts.filter(isCall).map(({ result }) => result?.response)).toEqual(["first free", "of b", "second free"]);
});

test("a result without a call is shown where it was said", () => {
  const turns = pairCalls([{ role: "tool", parts: [answer("x", "lost")] }]);
  expect(turns).toHaveLength(1);
});

test("nothing that was said is lost or said twice", () => {
  const part = fc.oneof(
    fc.record({ type: fc.constant("text"), text: fc.string() }),
    fc.record({ type: fc.constant("tool_call"), id: fc.constantFrom("", "a", "b"), name: fc.constantFrom("x", "y") }),
    fc.record({ type: fc.constant("tool_call_response"), id: fc.constantFrom("", "a", "b"), response: fc.string() }),
  );
  const messages = fc.array(fc.record({ role: fc.constantFrom("user", "assistant", "tool"), parts: fc.array(part, { maxLength: 4 }) }), { maxLength: 6 });
  fc.assert(
    fc.property(messages, (said: Message[]) => {
      const before = said.flatMap((message) => message.parts ?? []);
      const after = pairCalls(said).flatMap(({ parts }) =>
        parts.flatMap((each) => (isCall(each) ? [each.call, ...(each.result ? [each.result] : [])] : [each])),
      );
      expect(after).toHaveLength(before.length);
      expect(new Set(after)).toEqual(new Set(before));
    }),
  );
});
