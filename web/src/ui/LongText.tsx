import { type ReactNode, useState } from "react";
import { formatCount } from "./format";

/** Longer texts are folded; what is cut must be worth a click. */
const LONG = 2400;
const SHOWN = 1600;

/** Text that is folded when it is long. `render` draws the part in sight. */
export function LongText({ text, render }: { text: string; render: (text: string) => ReactNode }) {
  const [whole, setWhole] = useState(false);
  if (text.length <= LONG) return render(text);
  return (
    <div>
      <div className={whole ? "" : "[mask-image:linear-gradient(to_bottom,black_calc(100%-48px),transparent)]"}>
        {render(whole ? text : cutAtLine(text))}
      </div>
      <button type="button" className="mt-1 text-sm font-medium text-accent-text hover:underline" onClick={() => setWhole(!whole)}>
        {whole ? "show less" : `show all ${formatCount(text.length)} characters`}
      </button>
    </div>
  );
}

/** Cut near the end of a line, and never inside a surrogate pair. */
function cutAtLine(text: string): string {
  const line = text.lastIndexOf("\n", SHOWN);
  const end = line > SHOWN / 2 ? line : SHOWN;
  const insidePair = /[\uD800-\uDBFF]/.test(text[end - 1] ?? "");
  return text.slice(0, insidePair ? end - 1 : end);
}
