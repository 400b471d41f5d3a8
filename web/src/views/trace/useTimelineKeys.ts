import { useKeys } from "../../ui/keys";
import { zoom } from "../../trace/scale";
import { type RunState, rowAt, useRunStore, viewOf } from "./store";

/** Walk the tree with the keyboard; `reach` brings a row into sight. */
export function useTimelineKeys(reach: (row: number) => void): void {
  const store = useRunStore();
  const move = (by: number) => reach(store.getState().move(by));
  const page = 20;
  useKeys("Timeline", [
    { keys: "j", label: "Next row", run: () => move(1) },
    { keys: "k", label: "Previous row", run: () => move(-1) },
    { keys: "ArrowDown", label: "Next row", run: () => move(1) },
    { keys: "ArrowUp", label: "Previous row", run: () => move(-1) },
    { keys: "PageDown", label: "A page down", run: () => move(page) },
    { keys: "PageUp", label: "A page up", run: () => move(-page) },
    { keys: "Home", label: "First row", run: () => move(Number.NEGATIVE_INFINITY) },
    { keys: "End", label: "Last row", run: () => move(Number.POSITIVE_INFINITY) },
    { keys: "h", label: "Collapse, or to the parent", run: () => closeOrUp(store.getState()) },
    { keys: "l", label: "Expand, or to the first child", run: () => openOrDown(store.getState()) },
    { keys: "ArrowLeft", label: "Collapse, or to the parent", run: () => closeOrUp(store.getState()) },
    { keys: "ArrowRight", label: "Expand, or to the first child", run: () => openOrDown(store.getState()) },
    { keys: "o", label: "Open or close", run: () => toggle(store.getState()) },
    { keys: "Enter", label: "Open or close", run: () => toggle(store.getState()) },
    { keys: "e", label: "Next error", command: true, run: () => store.getState().goToError() },
    { keys: "z", label: "Zoom to this span", command: true, run: () => zoomToCursor(store.getState()) },
    { keys: "0", label: "Show the whole run", command: true, run: () => store.getState().showAll() },
    { keys: "+", label: "Zoom in", run: () => zoomBy(store.getState(), 1.5) },
    { keys: "-", label: "Zoom out", run: () => zoomBy(store.getState(), 1 / 1.5) },
    { keys: "E", label: "Expand all", command: true, run: () => store.getState().openAll() },
    { keys: "C", label: "Collapse all", command: true, run: () => store.getState().collapseAll() },
  ]);
}

function isOpen({ run, opening, rows }: RunState, row: number): boolean {
  const fold = rows.fold[row];
  if (fold >= 0) return opening.unfolded[fold] === 1;
  return run.tree.size[rows.node[row]] > 1 && !opening.collapsed[rows.node[row]];
}

function canOpen({ run, rows }: RunState, row: number): boolean {
  return rows.fold[row] >= 0 || run.tree.size[rows.node[row]] > 1;
}

function toggle(state: RunState): void {
  const row = rowAt(state.rows, state.cursor);
  if (canOpen(state, row)) state.toggle(row);
}

function closeOrUp(state: RunState): void {
  const row = rowAt(state.rows, state.cursor);
  if (isOpen(state, row)) {
    state.toggle(row);
    return;
  }
  let above = row - 1;
  while (above >= 0 && state.rows.depth[above] >= state.rows.depth[row]) above--;
  if (above >= 0) state.setCursor({ node: state.rows.node[above], fold: state.rows.fold[above] });
}

function openOrDown(state: RunState): void {
  const row = rowAt(state.rows, state.cursor);
  if (isOpen(state, row)) state.move(1);
  else if (canOpen(state, row)) state.toggle(row);
}

function zoomToCursor(state: RunState): void {
  state.setView(viewOf(state.run, state.cursor.node));
}

function zoomBy({ view, run, setView }: RunState, factor: number): void {
  setView(zoom(view, factor, (view.from_us + view.to_us) / 2, run.trace.end_us));
}
