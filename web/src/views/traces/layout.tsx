import type { ReactNode } from "react";
import { formatExact, formatShort } from "../../ui/format";

/** How wide a list has to be to show a column: what matters least goes first. */
export type Room = "narrow" | "medium" | "wide" | "widest";

/** A column of a list. `order` is what the API calls ordering by it. */
export interface Column<T> {
  id: string;
  label: string;
  /** Where the label is too much: nothing over icons. */
  header?: string;
  order?: string;
  numeric?: boolean;
  room: Room;
  /** Shown only to whom asked for it. */
  extra?: boolean;
  /** A track of the grid; "" where no row has anything to show. */
  width: string | ((items: readonly T[]) => string);
  render: (item: T) => ReactNode;
}

/** A column that somebody chose; without `width_px` it is as wide as what it holds. */
export interface Chosen {
  id: string;
  width_px?: number;
}

/** A column in its place, with its track of the grid. */
export type Placed<T> = Column<T> & { track: string };

const LEAST_PX = 28;
const MOST_PX = 1600;

/** `time,name.180,cost`: what an address, a saved view and the browser keep of chosen columns. */
export function readColumns(text: string): Chosen[] {
  const seen = new Set<string>();
  return text.split(",").flatMap((piece) => {
    const [id = "", width] = piece.split(".");
    if (id === "" || seen.has(id)) return [];
    seen.add(id);
    const width_px = clampWidth(Number(width));
    return [width_px > 0 ? { id, width_px } : { id }];
  });
}

export function writeColumns(chosen: readonly Chosen[]): string {
  return chosen.map(({ id, width_px }) => (width_px === undefined ? id : `${id}.${width_px}`)).join(",");
}

/** 0 for what is no width. */
export function clampWidth(px: number): number {
  return Number.isFinite(px) ? Math.round(Math.min(MOST_PX, Math.max(LEAST_PX, px))) : 0;
}

/** The columns to show: those that were chosen, or else the usual ones in which some row has something. */
export function place<T>(columns: readonly Column<T>[], items: readonly T[], chosen: readonly Chosen[] | undefined): Placed<T>[] {
  const trackOf = ({ width }: Column<T>) => (typeof width === "string" ? width : width(items));
  if (!chosen) return columns.filter(({ extra }) => !extra).map((column) => ({ ...column, track: trackOf(column) })).filter(({ track }) => track !== "");
  return chosen.flatMap(({ id, width_px }) => {
    const column = columns.find((one) => one.id === id);
    if (!column) return [];
    if (width_px !== undefined) return [{ ...column, track: `${width_px}px` }];
    const track = trackOf(column) || "64px";
    return [{ ...column, track: typeof column.width === "string" && !track.includes("fr") ? track : yielding(track) }];
  });
}

/** Many columns in little room: texts give way, numbers don't. */
function yielding(track: string): string {
  return track.includes("fr") ? "minmax(80px, 1fr)" : `minmax(40px, ${track})`;
}

/** What starts from the usual columns when one is moved, made wider or taken away. */
export function chosenOf<T>(placed: readonly Placed<T>[]): Chosen[] {
  return placed.map(({ id }) => ({ id }));
}

/** The list with the column moved to where another one stands. */
export function moveColumn(chosen: readonly Chosen[], id: string, to: string): Chosen[] {
  const from = chosen.findIndex((one) => one.id === id);
  const target = chosen.findIndex((one) => one.id === to);
  if (from < 0 || target < 0) return [...chosen];
  const rest = chosen.filter((one) => one.id !== id);
  rest.splice(target, 0, chosen[from] as Chosen);
  return rest;
}

const ROOMS: readonly Room[] = ["narrow", "medium", "wide", "widest"];

/** The tracks of the grid for each room there may be, as the variables that runs.css reads; a box to select by comes first. */
export function tracks<T>(placed: readonly Placed<T>[], custom: boolean, selectable: boolean): Record<string, string> {
  return Object.fromEntries(
    ROOMS.map((room) => {
      const shown = placed.filter((column) => custom || ROOMS.indexOf(column.room) <= ROOMS.indexOf(room));
      const tracksOf = shown.map(({ id, track }) => (!custom && room === "narrow" && id === "name" ? "minmax(0, 1fr)" : track));
      return [`--columns-${room}`, [...(selectable ? ["14px"] : []), ...tracksOf].join(" ")];
    }),
  );
}

/** About what a letter of the list takes. */
const LETTER_PX = 7.5;

/** As wide as the longest text asks for, within bounds; "" where there is none. */
export function asWide<T>(items: readonly T[], textOf: (item: T) => string, least: number, most: number): string {
  const letters = items.reduce((longest, item) => Math.max(longest, textOf(item).length), 0);
  return letters === 0 ? "" : `${Math.min(most, Math.max(least, Math.ceil(letters * LETTER_PX)))}px`;
}

/** A column of plain text, or of a few texts, for whom asks for it. */
export function textColumn<T>(id: string, label: string, of: (item: T) => string | readonly string[], least: number, most: number): Column<T> {
  const listOf = (item: T) => [of(item)].flat().filter(Boolean);
  return {
    id,
    label,
    extra: true,
    room: "medium",
    width: (items) => asWide(items, (item) => some(listOf(item)), least, most),
    render: (item) => <Some values={listOf(item)} />,
  };
}

export function countColumn<T>(id: string, label: string, of: (item: T) => number | null, order?: string): Column<T> {
  return {
    id,
    label,
    extra: true,
    numeric: true,
    room: "medium",
    ...(order && { order }),
    width: `${Math.max(52, label.length * LETTER_PX)}px`,
    render: (item) => <Count n={of(item)} />,
  };
}

function Count({ n }: { n: number | null }) {
  if (n === null) return <span className="num text-faint">–</span>;
  return (
    <span className={`num ${n === 0 ? "text-faint" : ""}`} title={formatExact(n)}>
      {formatShort(n)}
    </span>
  );
}

/** How `Some` reads. */
export function some([first, ...more]: readonly string[]): string {
  return more.length > 0 ? `${first} +${more.length}` : (first ?? "");
}

/** The first of a few values and how many more there are. */
export function Some({ values }: { values: readonly string[] }) {
  const [first, ...more] = values;
  if (first === undefined) return null;
  return (
    <span className="flex min-w-0 gap-1 text-muted" title={values.join("\n")}>
      <span className="truncate">{first}</span>
      {more.length > 0 && <span className="text-faint">+{more.length}</span>}
    </span>
  );
}
