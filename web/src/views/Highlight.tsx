import { findRanges, splitWords } from "../trace/search";
import { Marked } from "../ui/Marked";

/** Text with the words of a query marked. */
export function Highlight({ text, query }: { text: string; query: string }) {
  return query === "" ? text : <Marked text={text} ranges={findRanges(text, splitWords(query))} />;
}
