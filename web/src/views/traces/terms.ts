/** A filter as text, term by term: what a click on a value adds to it or takes out of it. */

/** A term `field:a,b` as it stands in the text; `values` as they are meant, without quotes. */
interface Term {
  start: number;
  end: number;
  negated: boolean;
  field: string;
  values: string[];
}

/** Whether what a filter lets through has to have a value, must not have it, or may. */
export type Wanted = "in" | "out" | "";

const VALUE = String.raw`(?:"(?:[^"\\]|\\.)*"|[^\s,"]+)`;
const TERM = new RegExp(String.raw`^(-?)([A-Za-z_]\w*):(${VALUE}(?:,${VALUE})*)$`, "s");
/** Quotes keep spaces together, wherever in a term they stand. */
const PIECE = /(?:"(?:[^"\\]|\\.)*"?|[^\s"])+/gs;

/** Exported for its test. */
export function readTerms(text: string): Term[] {
  return [...text.matchAll(PIECE)].flatMap(({ 0: piece, index }) => {
    const found = TERM.exec(piece);
    if (!found) return [];
    const [, minus, field, said] = found as unknown as [string, string, string, string];
    const values = [...said.matchAll(new RegExp(VALUE, "gs"))].map(([value]) => unquote(value));
    return [{ start: index, end: index + piece.length, negated: minus === "-", field, values }];
  });
}

export function wanted(text: string, field: string, value: string): Wanted {
  const [name, said] = spelled(field, value);
  const term = readTerms(text).find((one) => one.field === name && one.values.includes(said));
  return term === undefined ? "" : term.negated ? "out" : "in";
}

/** The values of a field that a filter speaks of. */
export function saidOf(text: string, field: string): string[] {
  return readTerms(text).flatMap((term) => {
    if (field === "outcome" && term.field === "is") return term.values;
    return term.field === field ? term.values : [];
  });
}

/** The filter in which the value is wanted so, or no longer is if it was. */
export function toggle(text: string, field: string, value: string, want: "in" | "out"): string {
  const [name, said] = spelled(field, value);
  const before = wanted(text, field, value);
  const without = drop(text, name, said);
  if (before === want) return without;
  return add(want === "in" && field === "outcome" ? dropRivals(without, name) : without, name, said, want === "out");
}

/** `field:value`, with quotes where the grammar needs them. */
export function quote(value: string): string {
  return /^(?!.*\.\.)[^\s,"*\\]+$/.test(value) ? value : `"${value.replace(/["\\*]/g, String.raw`\$&`)}"`;
}

/** A run that goes on has no outcome yet: the filter has a word of its own for it. */
function spelled(field: string, value: string): [string, string] {
  return field === "outcome" && value === "running" ? ["is", "running"] : [field, value];
}

function add(text: string, field: string, value: string, negated: boolean): string {
  const term = field === "is" ? undefined : readTerms(text).find((one) => one.field === field && one.negated === negated);
  if (!term) return `${text.trim()} ${negated ? "-" : ""}${field}:${quote(value)}`.trim();
  return `${text.slice(0, term.end)},${quote(value)}${text.slice(term.end)}`;
}

function drop(text: string, field: string, value: string): string {
  const term = readTerms(text).find((one) => one.field === field && one.values.includes(value));
  if (!term) return text.trim();
  const rest = term.values.filter((one) => one !== value);
  if (rest.length === 0) return cut(text, term);
  return `${text.slice(0, term.start)}${term.negated ? "-" : ""}${field}:${rest.map(quote).join(",")}${text.slice(term.end)}`.trim();
}

function cut(text: string, { start, end }: Term): string {
  return [text.slice(0, start).trim(), text.slice(end).trim()].filter(Boolean).join(" ");
}

/** No run both goes on and has ended: choosing the one lets go of the other. */
function dropRivals(text: string, chosen: string): string {
  const rival = readTerms(text).find((one) => !one.negated && one.field === (chosen === "is" ? "outcome" : "is"));
  return rival ? cut(text, rival) : text;
}

function unquote(written: string): string {
  return written.startsWith('"') ? written.slice(1, -1).replace(/\\(.)/gs, "$1") : written;
}
