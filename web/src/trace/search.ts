import type { Trace } from "./trace";
import type { Tree } from "./tree";

/** Per node what a search looks through, in lower case. Built once a trace, when first searched. */
export type Haystack = readonly string[];

export function buildHaystack(trace: Trace, tree: Tree): Haystack {
  return Array.from(tree.span, (i, node) => (i < 0 ? (tree.missing.get(node) ?? "") : textOf(trace, i)));
}

/** The nodes that hold every word of the query, in order; a phrase in quotes is one word. */
export function search(haystack: Haystack, query: string): Int32Array {
  const words = splitWords(query);
  if (words.length === 0) return new Int32Array(0);
  const hits: number[] = [];
  haystack.forEach((text, node) => {
    if (words.every((word) => text.includes(word))) hits.push(node);
  });
  return Int32Array.from(hits);
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

function textOf(trace: Trace, i: number): string {
  return [
    trace.display_name[i],
    trace.name[i],
    trace.kind[i],
    trace.agent[i],
    trace.tool[i],
    trace.model[i],
    trace.prompt[i],
    trace.outcome[i],
    trace.error_type[i],
    trace.error_message[i],
    trace.input_preview[i],
    trace.output_preview[i],
    trace.service[i],
    trace.span_id[i],
    trace.tool_call_id[i],
  ]
    .join("\n")
    .toLowerCase();
}
