/** A line of markdown without its signs, for where it is previewed and not rendered. */
export function unmark(line: string): string {
  const words = line.replace(/(^|\s)#{1,6}\s+/g, "$1").replace(/\*\*(\S.*?)\*\*/g, "$1").replace(/(^|\s)\*([^\s*][^*]*)\*(?=[\s.,:;!?]|$)/g, "$1$2").replace(/`([^`]+)`/g, "$1");
  // Bars are a table's only below its rule; elsewhere they may be a pipe.
  if (!/\|\s*:?-{3,}/.test(words)) return words;
  return words
    .replace(/\|(\s*:?-{2,}:?\s*\|?)+/g, "|")
    .replace(/(\s*\|\s*)+/g, " · ")
    .replace(/^ · | · $/g, "");
}
