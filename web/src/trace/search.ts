import type { Texts } from "./texts";
import type { Trace } from "./trace";
import type { Tree } from "./tree";

/** What a search looks through: each different text of a column once, in lower case. */
export interface Haystack {
  readonly tree: Tree;
  readonly columns: readonly { readonly texts: readonly string[]; readonly of: Texts }[];
}

/** Made once a run, when it is first searched. */
export function buildHaystack(trace: Trace, tree: Tree): Haystack {
  return { tree, columns: searched(trace).map((of) => ({ of, texts: lowerCase(of) })) };
}

/** The nodes that hold every word of the query, in order; a phrase in quotes is one word. */
export function search(haystack: Haystack, query: string): Int32Array {
  const { tree } = haystack;
  const words = splitWords(query);
  if (words.length === 0) return new Int32Array(0);
  const holding = words.map((word) => spansHolding(haystack, word));
  const hits: number[] = [];
  tree.span.forEach((i, node) => {
    const missing = i < 0 ? (tree.missing.get(node) ?? "").toLowerCase() : "";
    if (words.every((word, k) => (i < 0 ? missing.includes(word) : holding[k][i] === 1))) hits.push(node);
  });
  return Int32Array.from(hits);
}

/** By span: 1 where one of its texts holds the word. */
function spansHolding({ tree, columns }: Haystack, word: string): Uint8Array {
  const spans = new Uint8Array(tree.nodeOf.length);
  for (const { of, texts } of columns) {
    const holds = Uint8Array.from(texts, (text) => (text.includes(word) ? 1 : 0));
    if (!holds.includes(1)) continue;
    for (let i = 0; i < spans.length; i++) spans[i] |= holds[of.codeAt(i)];
  }
  return spans;
}

function searched(trace: Trace): Texts[] {
  return [
    trace.display_name,
    trace.name,
    trace.kind,
    trace.agent,
    trace.tool,
    trace.model,
    trace.prompt,
    trace.outcome,
    trace.error_type,
    trace.error_message,
    trace.input_preview,
    trace.output_preview,
    trace.service,
    trace.span_id,
    trace.tool_call_id,
  ];
}

function lowerCase(column: Texts): string[] {
  return Array.from({ length: column.different }, (_, code) => column.text(code).toLowerCase());
}

/** Split a query into lower-case words. An unclosed quote runs to the end. */
export function splitWords(query: string): string[] {
  const words = query.toLowerCase().match(/"[^"]*"?|[^\s"]+/g) ?? [];
  return words.map((word) => word.replaceAll('"', "")).filter((word) => word !== "");
}

/** Where the words of a query stand in `text`: sorted ranges that do not overlap. */
export function findRanges(text: string, words: readonly string[]): [number, number][] {
  const lower = text.toLowerCase();
  // Lower case of a few letters is longer than they are: offsets would point beside the match.
  if (lower.length !== text.length) return [];
  const found: [number, number][] = [];
  for (const word of words) {
    if (word === "") continue;
    for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + word.length)) found.push([at, at + word.length]);
  }
  return mergeRanges(found);
}

function mergeRanges(ranges: [number, number][]): [number, number][] {
  const merged: [number, number][] = [];
  for (const [from, to] of ranges.sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}
