import { useNavigate } from "@tanstack/react-router";
import { ArrowDown, ArrowUp, Check } from "lucide-react";
import { type CSSProperties, type DragEvent, memo, type MouseEvent, type PointerEvent, type ReactNode, type RefObject, useEffect, useMemo, useState } from "react";
import type { Noun } from "../../api/queries";
import { formatMoment } from "../../ui/format";
import { useWindow } from "../../ui/useWindow";
import { useScope } from "../frame/scope";
import { chosenOf, clampWidth, type Column, moveColumn, place, type Placed, tracks } from "./layout";
import { useColumns } from "./useColumns";

export const ROW = 28;
/** The next page is asked for when this many rows are left below. */
const AHEAD = 30;

export interface RowsProps<T> {
  of: Noun;
  items: readonly T[];
  columns: readonly Column<T>[];
  keyOf: (item: T) => string;
  startOf: (item: T) => string;
  hrefOf: (item: T) => string;
  scroller: RefObject<HTMLDivElement | null>;
  /** Which row the keyboard is on. */
  at: number;
  /** Which rows are selected, where they can be. */
  selected?: ReadonlySet<string>;
  hasMore: boolean;
  loading: boolean;
  loadMore: () => void;
  onRow: (key: string) => void;
  onPoint?: (key: string | undefined) => void;
  onSelect?: (key: string, event: MouseEvent) => void;
  reachRef: RefObject<(row: number) => void>;
  children?: ReactNode;
}

const NOTHING: ReadonlySet<string> = new Set();

/** One line an item, endless: what lists of runs and of spans have in common. */
export function Rows<T>(props: RowsProps<T>) {
  const { of, items, columns, keyOf, startOf, hrefOf, scroller, at, selected = NOTHING, hasMore, loading, loadMore, reachRef } = props;
  const [chosen, choose] = useColumns(of);
  const [{ first, end }, reach] = useWindow(scroller, items.length, ROW);
  useEffect(() => {
    reachRef.current = reach;
  });
  useEffect(() => {
    if (hasMore && !loading && end >= items.length - AHEAD) loadMore();
  }, [hasMore, loading, end, items.length, loadMore]);
  const placed = useMemo(() => place(columns, items, chosen), [columns, items, chosen]);
  // What a row draws depends on which columns there are, not on how wide they are.
  const ids = placed.map(({ id }) => id).join();
  const drawn = useMemo(() => columnsNamed(columns, ids), [columns, ids]);
  const custom = chosen !== undefined;
  const style = { "--time-width": timeWidth(items.map(startOf)), ...tracks(placed, custom, props.onSelect !== undefined) } as CSSProperties;
  const selectable = props.onSelect !== undefined;

  return (
    <div className="relative flex min-h-0 flex-1 flex-col" data-custom={custom} data-selecting={selected.size > 0} style={style}>
      <Header placed={placed} custom={custom} selectable={selectable} onChoose={choose} chosen={chosen ?? chosenOf(placed)} />
      {props.children}
      <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto [overflow-anchor:none]" data-testid={of === "runs" ? "run-list" : "span-list"}>
        <div
          role="list"
          aria-label={of === "runs" ? "Runs" : "Spans"}
          className="relative"
          style={{ height: (items.length + 1) * ROW }}
          {...listen(props)}
        >
          {items.slice(first, end).map((item, k) => (
            <Row
              key={keyOf(item)}
              id={keyOf(item)}
              of={of}
              item={item}
              columns={drawn as readonly Column<unknown>[]}
              custom={custom}
              href={hrefOf(item)}
              top={(first + k) * ROW}
              chosen={first + k === at}
              selected={selectable ? selected.has(keyOf(item)) : undefined}
            />
          ))}
          {!hasMore && (
            <p className="absolute inset-x-0 bottom-0 px-4 text-sm text-faint" style={{ lineHeight: `${ROW}px` }}>
              {items.length > 30 ? "That was the first one." : ""}
            </p>
          )}
        </div>
      </div>
    </div>
  );
}

/** Clicks are heard by the list: a listener in each row would be made anew dozens of times a frame. */
function listen<T>({ onSelect, onRow, onPoint }: RowsProps<T>) {
  return {
    onClick: (event: MouseEvent) => {
      const key = rowOf(event);
      if (key === undefined || event.button !== 0 || event.metaKey || event.ctrlKey) return;
      const inBox = (event.target as HTMLElement).closest("[data-select]") !== null;
      if (!inBox && (event.shiftKey || event.altKey)) return;
      event.preventDefault();
      if (inBox) onSelect?.(key, event);
      else onRow(key);
    },
    onPointerOver: (event: MouseEvent) => onPoint?.(rowOf(event)),
    onPointerLeave: () => onPoint?.(undefined),
  };
}

function columnsNamed<T>(columns: readonly Column<T>[], ids: string): readonly Column<T>[] {
  return ids.split(",").flatMap((id) => columns.find((column) => column.id === id) ?? []);
}

/** Clock times need less room than dates, and dates of this year less than others. */
function timeWidth(starts: readonly string[]): string {
  const oldest = starts.reduce((least, start) => (start < least ? start : least), starts[0] ?? "");
  const letters = formatMoment(oldest).length;
  return letters <= 8 ? "58px" : letters <= 12 ? "90px" : "134px";
}

function rowOf({ target }: MouseEvent): string | undefined {
  return (target as HTMLElement).closest<HTMLElement>("[data-key]")?.dataset["key"];
}

interface RowProps {
  id: string;
  of: Noun;
  item: unknown;
  columns: readonly Column<unknown>[];
  custom: boolean;
  href: string;
  top: number;
  chosen: boolean;
  /** Undefined where nothing can be selected. */
  selected: boolean | undefined;
}

const Row = memo(function Row({ id, of, item, columns, custom, href, top, chosen, selected }: RowProps) {
  const [traceId, spanId] = id.split(" ");
  return (
    <div role="listitem">
      <a
        href={href}
        data-testid={of === "runs" ? "run-row" : "span-item"}
        data-key={id}
        data-trace-id={traceId}
        data-span-id={spanId}
        data-chosen={chosen}
        data-selected={selected}
        className="runs-row group/row absolute inset-x-0 hover:bg-hover data-[chosen=true]:bg-accent-soft data-[chosen=true]:shadow-[inset_2px_0_0_var(--accent)] data-[selected=true]:bg-accent-soft"
        style={{ top, height: ROW }}
      >
        {/* For the mouse; the keyboard selects with x. */}
        {selected !== undefined && (
          <span aria-hidden data-select className="row-check">
            {selected && <Check size={11} strokeWidth={3} />}
          </span>
        )}
        {columns.map((column) => (
          <div key={column.id} data-column={column.id} data-room={custom ? undefined : column.room} className={column.numeric ? "num" : undefined}>
            {column.render(item)}
          </div>
        ))}
      </a>
    </div>
  );
});

type Choose = ReturnType<typeof useColumns>[1];

interface HeaderProps<T> {
  placed: readonly Placed<T>[];
  custom: boolean;
  selectable: boolean;
  chosen: readonly { id: string; width_px?: number }[];
  onChoose: Choose;
}

/** Names of columns: a click orders, a drag moves, a drag of the edge makes wider. */
function Header<T>({ placed, custom, selectable, chosen, onChoose }: HeaderProps<T>) {
  const [dragged, setDragged] = useState("");
  return (
    <div className="runs-row h-7 shrink-0 border-b border-line text-sm text-muted" data-testid="list-header">
      {selectable && <span />}
      {placed.map((column) => (
        <div
          key={column.id}
          data-column={column.id}
          data-room={custom ? undefined : column.room}
          className={`group/head relative flex h-full items-center ${column.numeric ? "justify-end" : ""} ${dragged === column.id ? "opacity-40" : ""}`}
          draggable
          onDragStart={(event: DragEvent) => {
            event.dataTransfer.effectAllowed = "move";
            setDragged(column.id);
          }}
          onDragEnd={() => setDragged("")}
          onDragOver={(event: DragEvent) => {
            if (dragged === "") return;
            event.preventDefault();
            if (dragged !== column.id) onChoose(moveColumn(chosen, dragged, column.id));
          }}
        >
          {column.order ? <OrderButton id={column.id} label={column.label} order={column.order} /> : <span className="truncate">{column.header ?? column.label}</span>}
          {column.id !== "outcome" && (
            <Edge
              onWidth={(px) => onChoose(chosen.map((one) => (one.id === column.id ? { id: one.id, width_px: clampWidth(px) } : one)))}
              onReset={() => onChoose(chosen.map((one) => (one.id === column.id ? { id: one.id } : one)))}
            />
          )}
        </div>
      ))}
    </div>
  );
}

/** The edge between two columns. Twice clicked, the column is as wide as what it holds again. */
function Edge({ onWidth, onReset }: { onWidth: (px: number) => void; onReset: () => void }) {
  const [start, setStart] = useState<{ x: number; width: number } | null>(null);
  return (
    <span
      aria-hidden
      data-testid="column-edge"
      className="absolute inset-y-1 -right-2 z-10 w-2.5 cursor-col-resize touch-none after:absolute after:inset-y-0 after:left-1 after:w-px hover:after:bg-line-strong group-hover/head:after:bg-line"
      // Else the column would be dragged.
      onMouseDown={(event) => event.preventDefault()}
      onDoubleClick={onReset}
      onPointerDown={(event: PointerEvent<HTMLElement>) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setStart({ x: event.clientX, width: event.currentTarget.parentElement?.getBoundingClientRect().width ?? 0 });
      }}
      onPointerMove={(event) => start && onWidth(start.width + event.clientX - start.x)}
      onPointerUp={() => setStart(null)}
      onPointerCancel={() => setStart(null)}
    />
  );
}

/** Chooses what the list is ordered by; again, and the other way round. */
function OrderButton({ id, label, order }: { id: string; label: string; order: string }) {
  const { order: current = "start_time" } = useScope();
  const navigate = useNavigate();
  const active = current === order || current === `-${order}`;
  const next = current === order ? `-${order}` : order;
  const Arrow = current.startsWith("-") ? ArrowUp : ArrowDown;
  return (
    <button
      type="button"
      data-testid={`order-${id}`}
      className={`inline-flex min-w-0 items-center gap-0.5 hover:text-text ${active ? "text-text" : ""}`}
      onClick={() => void navigate({ to: ".", search: ({ order: _, ...rest }) => ({ ...rest, ...(next !== "start_time" && { order: next }) }) })}
    >
      <span className="truncate">{label}</span>
      {active && <Arrow size={11} className="shrink-0" />}
    </button>
  );
}
