import { describe, expect, it } from "vitest";
import type { RunLog } from "../../api/types";
import { findLogs, lineOf, severityOf } from "./logLines";

const plain: RunLog = { span_id: "", time: "", severity: "", severity_number: 0, event_name: "", body: null, attributes: {} };

describe("a log on one line", () => {
  it("is its body, structured or not, without line breaks", () => {
    expect(lineOf({ ...plain, body: "no rooms\n  left" })).toBe("no rooms left");
    expect(lineOf({ ...plain, body: { rooms: 0 } })).toBe('{"rooms":0}');
  });
  it("is its name or its attributes where it has no body", () => {
    expect(lineOf({ ...plain, event_name: "gen_ai.choice" })).toBe("gen_ai.choice");
    expect(lineOf({ ...plain, attributes: { index: 0 } })).toBe('{"index":0}');
  });
});

describe("the severity of a log", () => {
  it("is the sender's word, else the name of its number", () => {
    expect(severityOf({ ...plain, severity: "WARNING", severity_number: 13 })).toBe("WARNING");
    expect([1, 9, 12, 13, 17, 24].map((severity_number) => severityOf({ ...plain, severity_number }))).toEqual(["TRACE", "INFO", "INFO", "WARN", "ERROR", "FATAL"]);
    expect(severityOf(plain)).toBe("");
  });
});

describe("finding in logs", () => {
  it("takes every word, wherever it stands", () => {
    const full = { ...plain, body: "Hotel is full", attributes: { city: "Oslo" } };
    expect(findLogs([plain, full], "oslo FULL")).toEqual([full]);
    expect(findLogs([plain, full], "oslo empty")).toEqual([]);
    expect(findLogs([plain, full], " ")).toEqual([plain, full]);
  });
});
