import { createContext, use } from "react";
import { createStore, type StoreApi, useStore } from "zustand";
import { allCollapsed, allOpen, carryOpening, listRows, type Opening, reveal, rowOf, type Rows, toggleCollapsed, toggleFold } from "../../trace/rows";
import { idOf, nodeOf, type Run } from "../../trace/run";
import { isError } from "../../trace/trace";
import { fit, focus, fullView, type Viewport } from "../../trace/scale";

/** The row one is on: a node, or the fold that stands for it and its like. */
export interface Cursor {
  node: number;
  fold: number;
}

/** The state of looking at a run: fast, local, gone when the page is left. */
export interface RunState {
  run: Run;
  opening: Opening;
  rows: Rows;
  cursor: Cursor;
  view: Viewport;
  /** What is looked for, and the nodes that were found; of a large run they come a moment later. */
  query: string;
  hits: Int32Array;
  /** The query that the hits answer. */
  found: string;
  /** Take in a newer state of the same run and keep one's place. */
  update: (run: Run) => void;
  /** Put the cursor on a node, opening whatever hides it. */
  goTo: (node: number) => void;
  setCursor: (cursor: Cursor) => void;
  /** Move the cursor over the rows in sight; gives the row it is on then. */
  move: (by: number) => number;
  toggle: (row: number) => void;
  openAll: () => void;
  collapseAll: () => void;
  setView: (view: Viewport) => void;
  showAll: () => void;
  find: (query: string) => void;
  /** To the next hit after the cursor, or with -1 the one before it. */
  goToHit: (by: 1 | -1) => void;
  goToError: () => void;
}

export type RunStore = StoreApi<RunState>;

/** Find the nodes of a run that hold every word: at once, or a moment later. */
export type Find = (run: Run, query: string) => Int32Array | Promise<Int32Array>;

/** Start to look at a run: at the span and the part of the time axis that the URL names, else at its first. */
export function createRunStore(first: Run, spanId: string | undefined, findIn: Find, zoomed?: Viewport): RunStore {
  /** The search under way, for those who go to a hit before it is done. */
  let looking: Promise<void> | undefined;

  return createStore<RunState>((set, get) => {
    const open = (opening: Opening) => ({ opening, rows: listRows(get().run.tree, get().run.folds, opening) });
    const look = () => {
      const { run, query } = get();
      const take = (hits: Int32Array) => set({ hits, found: query });
      const hits = query === "" ? new Int32Array(0) : findIn(run, query);
      looking = undefined;
      if (!(hits instanceof Promise)) {
        take(hits);
        return;
      }
      const waiting = hits.then((late) => {
        if (looking !== waiting) return;
        looking = undefined;
        take(late);
      });
      looking = waiting;
    };
    const wanted = spanId === undefined ? -1 : nodeOf(first, spanId);
    const every = allOpen(first.tree, first.folds);
    const at = wanted >= 0 ? wanted : startOf(first);
    const start = first.tree.length > 0 ? reveal(first.tree, first.folds, every, at) : every;
    return {
      run: first,
      opening: start,
      rows: listRows(first.tree, first.folds, start),
      cursor: { node: at, fold: -1 },
      view: zoomed ? fit(zoomed, first.trace.end_us) : fullView(first.trace.end_us),
      query: "",
      hits: new Int32Array(0),
      found: "",

      update: (next) => {
        const { run: before, opening: now, cursor, view } = get();
        const opening = carryOpening(
          { ...before, opening: now, idOf: (node) => idOf(before, node) },
          { ...next, nodeOf: (id) => nodeOf(next, id) },
        );
        const wholeRun = view.to_us - view.from_us >= before.trace.end_us;
        const node = Math.max(0, nodeOf(next, idOf(before, cursor.node)));
        const onFold = cursor.fold >= 0 && next.folds.of[node] >= 0 && next.folds.first[next.folds.of[node]] === node;
        set({
          run: next,
          opening,
          rows: listRows(next.tree, next.folds, opening),
          cursor: { node, fold: onFold ? next.folds.of[node] : -1 },
          view: wholeRun ? fullView(next.trace.end_us) : fit(view, next.trace.end_us),
          // Of another run these would be other nodes.
          hits: new Int32Array(0),
          found: "",
        });
        look();
      },
      goTo: (node) => {
        const { run, opening } = get();
        set({ ...open(reveal(run.tree, run.folds, opening, node)), cursor: { node, fold: -1 } });
      },
      setCursor: (cursor) => set({ cursor }),
      move: (by) => {
        const { rows, cursor } = get();
        const row = Math.min(rows.length - 1, Math.max(0, rowAt(rows, cursor) + by));
        set({ cursor: { node: rows.node[row], fold: rows.fold[row] } });
        return row;
      },
      toggle: (row) => {
        const { rows, opening } = get();
        const fold = rows.fold[row];
        set(open(fold >= 0 ? toggleFold(opening, fold) : toggleCollapsed(opening, rows.node[row])));
      },
      openAll: () => set(open(allOpen(get().run.tree, get().run.folds))),
      collapseAll: () => {
        const { run, cursor } = get();
        const next = open(allCollapsed(run.tree, run.folds));
        const row = rowOf(next.rows, cursor.node);
        set({ ...next, cursor: { node: next.rows.node[row], fold: next.rows.fold[row] } });
      },
      setView: (view) => set({ view }),
      showAll: () => set({ view: fullView(get().run.trace.end_us) }),
      find: (query) => {
        set({ query });
        look();
      },
      goToHit: (by) => {
        if (looking) {
          void looking.then(() => get().goToHit(by));
          return;
        }
        const { hits, cursor, goTo } = get();
        if (hits.length > 0) goTo(step(hits, cursor.node, by));
      },
      goToError: () => {
        const { run, cursor, goTo } = get();
        if (run.errors.length > 0) goTo(step(run.errors, cursor.node, 1));
      },
    };
  });
}

/** A view of the time in which a subtree happened. */
export function viewOf({ trace, sums }: Run, node: number): Viewport {
  return focus(sums.from_us[node], sums.to_us[node], trace.end_us);
}

/** The row that the cursor is on, or the one that stands for it. */
export function rowAt(rows: Rows, { node, fold }: Cursor): number {
  const row = rowOf(rows, node);
  return fold >= 0 && row > 0 && rows.fold[row - 1] === fold && rows.node[row - 1] === node ? row - 1 : row;
}

function step(nodes: Int32Array, from: number, by: 1 | -1): number {
  const next = by === 1 ? nodes.find((node) => node > from) : nodes.findLast((node) => node < from);
  return next ?? (by === 1 ? nodes[0] : nodes[nodes.length - 1]);
}

/** Where one looks first: where a failed run broke, else at its first span. */
function startOf({ trace, tree, errors }: Run): number {
  const first = Math.max(0, tree.span.findIndex((i) => i >= 0));
  const broken = tree.length > 0 && tree.span[first] >= 0 && isError(trace, tree.span[first]);
  return broken ? errors[0] : first;
}

const RunContext = createContext<RunStore | null>(null);
export const RunProvider = RunContext.Provider;

export function useRunStore(): RunStore {
  return use(RunContext) as RunStore;
}

export function useRun<T>(select: (state: RunState) => T): T {
  return useStore(useRunStore(), select);
}
