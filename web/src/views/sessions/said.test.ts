import { expect, test } from "vitest";
import { answeredIn, askedIn } from "./said";

const text = (content: string) => ({ type: "text", text: content });

test("a run was asked what its last user said, and answered what its assistant wrote", () => {
  const conversation = {
    messages_in: [
      { role: "user", parts: [text("Hello")] },
      { role: "assistant", parts: [text("Hi")] },
      { role: "user", parts: [text("Two nights in Oslo?")] },
    ],
    messages_out: [{ role: "assistant", parts: [text("Booked."), { type: "tool_call", name: "pay" }] }],
  };
  expect(askedIn(conversation)).toBe("Two nights in Oslo?");
  expect(answeredIn(conversation)).toBe("Booked.");
});

test("without messages it is the input and output, where they are one text", () => {
  expect(askedIn({ input: { question: "Why?" } })).toBe("Why?");
  expect(answeredIn({ output: "Because." })).toBe("Because.");
  expect(askedIn({ input: { a: "x", b: "y" } })).toBeUndefined();
  expect(askedIn({ input: ["x"] })).toBeUndefined();
  expect(answeredIn({})).toBeUndefined();
});
