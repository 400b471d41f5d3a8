import { describe, expect, test } from "vitest";
import { makeSkeleton, type SpanRow } from "../../trace/make";
import { nameOf, nodeOf, openRun } from "../../trace/run";
import { buildHaystack, search } from "../../trace/search";
import { createRunStore, type Find, rowAt } from "./store";

const span = (span_id: string, parent_id: string, start_us: number, more: Partial<SpanRow> = {}): SpanRow => ({
  span_id,
  parent_id,
  display_name: span_id,
  kind: "llm",
  start_us,
  duration_us: 10,
  ...more,
});

const repeats = [1, 2, 3].map((n) => span(`search ${n}`, "agent", 10 + n, { kind: "tool", display_name: "search" }));
const agentRun = [span("agent", "", 0, { duration_us: 100, kind: "agent" }), span("chat", "agent", 5), ...repeats, span("answer", "agent", 50)];

const find: Find = (run, query) => search(buildHaystack(run.trace, run.tree), query);

function open(spans: SpanRow[] = agentRun, spanId?: string, findIn = find) {
  return createRunStore(openRun(makeSkeleton(spans)), spanId, findIn);
}

function shown(store: ReturnType<typeof open>): string[] {
  const { run, rows } = store.getState();
  return Array.from(rows.node, (node, r) => nameOf(run, node) + (rows.fold[r] >= 0 ? " ×3" : ""));
}

describe("the store of a run", () => {
  test("starts at the span that the URL names, with its fold opened", () => {
    const store = open(agentRun, "search 2");
    const { run, rows: listed, cursor } = store.getState();
    expect(nameOf(run, cursor.node)).toBe("search");
    expect(listed.node[rowAt(listed, cursor)]).toBe(nodeOf(run, "search 2"));
    expect(shown(store)).toEqual(["agent", "chat", "search ×3", "search", "search", "search", "answer"]);
  });

  test("starts where a failed run broke, not at the top of what it broke through", () => {
    const failed = { outcome: "error" };
    const store = open([span("agent", "", 0, failed), span("step", "agent", 1, failed), span("look", "step", 2), span("pay", "step", 3, failed)]);
    expect(nameOf(store.getState().run, store.getState().cursor.node)).toBe("pay");
    const mended = open([span("agent", "", 0, { outcome: "success" }), span("pay", "agent", 3, failed)]);
    expect(mended.getState().cursor.node).toBe(0);
  });

  test("moves over folds as rows of their own, and not beyond the ends", () => {
    const store = open();
    const steps = [1, 1, 1, 1].map((by) => store.getState().move(by));
    expect(steps).toEqual([1, 2, 3, 3]);
    store.getState().move(-1);
    expect(store.getState().cursor.fold).toBe(0);
  });

  test("collapsing all leaves the cursor on what stands for its span", () => {
    const store = open(agentRun, "answer");
    store.getState().collapseAll();
    expect(store.getState().cursor).toEqual({ node: 0, fold: -1 });
    store.getState().openAll();
    expect(shown(store)).toEqual(["agent", "chat", "search ×3", "answer"]);
  });

  test("newer spans leave the cursor, what is closed and the zoom where they were", () => {
    const store = open(agentRun, "answer");
    store.getState().setView({ from_us: 20, to_us: 40 });
    store.getState().update(openRun(makeSkeleton([...agentRun, span("early", "agent", 1), span("late", "agent", 90)])));
    const { run, cursor, view } = store.getState();
    expect(nameOf(run, cursor.node)).toBe("answer");
    expect(view).toEqual({ from_us: 20, to_us: 40 });
    expect(shown(store)).toEqual(["agent", "early", "chat", "search ×3", "answer", "late"]);
  });

  test("a view of the whole run grows with the run", () => {
    const store = open();
    store.getState().update(openRun(makeSkeleton([...agentRun, span("late", "agent", 400)])));
    expect(store.getState().view).toEqual({ from_us: 0, to_us: 410 });
  });

  test("walks hits in a circle, opening what hides them", () => {
    const store = open();
    store.getState().collapseAll();
    store.getState().find("search");
    const seen = [1, 1, 1, 1].map(() => {
      store.getState().goToHit(1);
      return store.getState().cursor.node;
    });
    expect(seen).toEqual([2, 3, 4, 2]);
  });

  test("late hits answer the last question only, and are waited for when gone to", async () => {
    const answers: (() => void)[] = [];
    const late: Find = (run, query) => new Promise((resolve) => answers.push(() => resolve(find(run, query))));
    const store = open(agentRun, undefined, late);
    store.getState().find("search");
    store.getState().find("answer");
    store.getState().goToHit(1);
    expect(store.getState()).toMatchObject({ query: "answer", found: "", cursor: { node: 0 } });
    for (const give of answers.reverse()) give();
    await new Promise((resolve) => setTimeout(resolve));
    const { run, found, hits, cursor } = store.getState();
    expect(found).toBe("answer");
    expect(Array.from(hits, (node) => nameOf(run, node))).toEqual(["answer"]);
    expect(nameOf(run, cursor.node)).toBe("answer");
  });

  test("an error is where it began, not where it passed through", () => {
    const failed = { status: "error" };
    const run = openRun(makeSkeleton([span("agent", "", 0, failed), span("tool", "agent", 1, failed), span("ok", "agent", 2)]));
    expect(Array.from(run.errors)).toEqual([1]);
  });
});
