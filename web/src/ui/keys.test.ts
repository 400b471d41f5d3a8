import { describe, expect, it } from "vitest";
import { type Binding, listCommands } from "./keys";

const binding = (label: string, command = true): Binding => ({ keys: label[0], label, command, run: () => undefined });

describe("commands", () => {
  it("are each named once, those of the innermost part of the page in front", () => {
    const groups = [
      { id: Symbol(), title: "Everywhere", bindings: [binding("Find")] },
      { id: Symbol(), title: "Run", bindings: [binding("Copy"), binding("Next row", false), binding("Find")] },
    ];
    expect(listCommands(groups)).toEqual([groups[1].bindings[0], groups[1].bindings[2]]);
  });
});
