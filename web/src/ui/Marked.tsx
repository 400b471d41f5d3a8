/** Text with ranges of it marked: sorted, apart from each other, in UTF-16 code units. */
export function Marked({ text, ranges }: { text: string; ranges: readonly (readonly [number, number])[] }) {
  const starts = [0, ...ranges.map(([, to]) => to)];
  return starts.map((start, k) => {
    const range = ranges[k];
    return (
      <span key={start}>
        {text.slice(start, range?.[0])}
        {range && <mark className="rounded-[2px] bg-mark text-text">{text.slice(range[0], range[1])}</mark>}
      </span>
    );
  });
}
