import { describe, expect, it } from "vitest";
import type { Message, Said } from "../../../api/types";
import type { Turn } from "../../../trace/dialogue";
import { isCall } from "../turns";
import { blocksOf } from "./answers";

const text = (role: string, said: string): Message => ({ role, parts: [{ type: "text", text: said }] }) as Message;
const result = { role: "tool", parts: [{ type: "tool_call_response", id: "1", response: "sunny" }] } as Message;
const call = { role: "assistant", parts: [{ type: "tool_call", id: "1", name: "weather", arguments: {} }] } as Message;
const turn = (fresh: number[], before: number) => ({ fresh, before }) as unknown as Turn;
const said = (input: Message[], output: Message[]): Said => ({ system: [], tools: [], input, output }) as Said;

describe("blocks of a turn", () => {
  it("put a result beside the call it answers, and not into the turn that it begins", () => {
    const [first, second] = [said([text("user", "Oslo?")], [call]), said([call, result], [text("assistant", "Sunny.")])];
    const next = turn([1], 0);
    const asked = blocksOf(turn([0], -1), first, { turn: next, said: second });
    expect(asked.asked).toHaveLength(1);
    const [part] = asked.answered[0].parts;
    expect(isCall(part) && part.result?.response).toBe("sunny");
    expect(blocksOf(next, second, undefined)).toMatchObject({ asked: [], answered: [{ message: { role: "assistant" } }] });
  });

  it("show results whose call was never told", () => {
    const next = { turn: turn([0], 0), said: said([result], []) };
    expect(blocksOf(turn([], -1), said([], []), next).answered).toHaveLength(1);
  });
});
