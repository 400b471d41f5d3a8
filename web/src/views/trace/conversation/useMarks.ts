import { type RefObject, useEffect } from "react";
import { findRanges, splitWords } from "../../../trace/search";

const NAME = "clew-find";

/** More marks than a reader looks at, and than a browser paints at once. */
const MOST = 2000;

/**
 * Mark words wherever they stand below an element, also in what is drawn later. The browser paints
 * the marks (::highlight in conversation.css): no text is drawn again, whatever shows it.
 */
export function useMarks(element: RefObject<HTMLElement | null>, query: string): void {
  useEffect(() => {
    const words = splitWords(query);
    if (!element.current || words.length === 0 || !("highlights" in CSS)) return undefined;
    const within = element.current;
    let frame = 0;
    const mark = () => CSS.highlights.set(NAME, new Highlight(...rangesIn(within, words)));
    const observer = new MutationObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(mark);
    });
    observer.observe(within, { childList: true, subtree: true, characterData: true });
    mark();
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      CSS.highlights.delete(NAME);
    };
  }, [element, query]);
}

/** Where the words stand in the text below an element. */
export function rangesIn(element: Node, words: readonly string[]): Range[] {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const ranges: Range[] = [];
  for (let node = walker.nextNode(); node && ranges.length < MOST; node = walker.nextNode()) {
    for (const [from, to] of findRanges(node.nodeValue ?? "", words)) {
      const range = document.createRange();
      range.setStart(node, from);
      range.setEnd(node, to);
      ranges.push(range);
    }
  }
  return ranges;
}
