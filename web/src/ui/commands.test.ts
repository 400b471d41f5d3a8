import { describe, expect, it } from "vitest";
import { listCommands } from "./commands";
import type { Binding } from "./keys";

const binding = (label: string, command = true): Binding => ({ keys: label[0], label, command, run: () => undefined });

describe("commands", () => {
  it("are each named once, those of the innermost part of the page in front", () => {
    const groups = [
      { bindings: [binding("Find")] },
      { bindings: [binding("Copy"), binding("Next row", false), binding("Find")] },
    ];
    expect(listCommands(groups)).toEqual([groups[1].bindings[0], groups[1].bindings[2]]);
  });
});
