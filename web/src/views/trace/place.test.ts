import { describe, expect, it } from "vitest";
import { readZoom, validateRunSearch } from "./place";
import { recipesFor } from "./recipes";

describe("a place in a run", () => {
  it("keeps what the page knows and leaves out the rest", () => {
    expect(validateRunSearch({ span: "s1", view: "scores", zoom: "10-20", other: "x" })).toEqual({ span: "s1", view: "scores", zoom: "10-20" });
    expect(validateRunSearch({ view: "timeline", zoom: "all", span: "" })).toEqual({});
  });

  it("reads a zoom that has a length", () => {
    expect(readZoom("10-20")).toEqual({ from_us: 10, to_us: 20 });
    expect(readZoom("20-10")).toBeUndefined();
    expect(readZoom(undefined)).toBeUndefined();
  });
});

describe("recipes", () => {
  it("hold against quotes in an address", () => {
    const [curl] = recipesFor({ origin: "http://clew", address: "/api/it's", python: "" });
    expect(curl.text).toContain(`'http://clew/api/it'\\''s'`);
  });
});
