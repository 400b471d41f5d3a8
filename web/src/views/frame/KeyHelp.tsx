import { Dialog } from "../../ui/Dialog";
import { type Binding, MODIFIER, useKeyMap } from "../../ui/keys";

/** The keys that work on this page. */
export function KeyHelp({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const groups = useKeyMap((state) => state.groups);
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keys" className="w-[620px]">
      <div className="columns-2 gap-8" data-testid="key-help">
        {gather(groups).map(([title, keysOf]) => (
          <section key={title} className="mb-4 break-inside-avoid-column">
            <h3 className="mb-1 text-sm font-medium text-faint">{title}</h3>
            <dl>
              {[...keysOf].map(([label, ways]) => (
                <div key={label} className="flex h-6 items-center justify-between">
                  <dt className="text-muted">{label}</dt>
                  <dd className="flex items-center gap-2">
                    {ways.map((keys) => (
                      <span key={keys} className="flex gap-1">
                        {(keys === " " ? ["Space"] : keys.split(" ")).map((key) => (
                          <kbd key={key} className="kbd">
                            {nameKey(key)}
                          </kbd>
                        ))}
                      </span>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

/** By title what can be done, and by that the keys that do it; the page's own keys in front. */
function gather(groups: readonly { title: string; bindings: readonly Binding[] }[]): [string, Map<string, string[]>][] {
  const gathered = new Map<string, Map<string, string[]>>();
  for (const { title, bindings } of groups.toReversed()) {
    const labels = gathered.get(title) ?? new Map<string, string[]>();
    gathered.set(title, labels);
    for (const { label, keys } of bindings) labels.set(label, [...(labels.get(label) ?? []), keys]);
  }
  return [...gathered];
}

const NAMES: Record<string, string> = { ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc", PageDown: "PgDn", PageUp: "PgUp" };

function nameKey(key: string): string {
  return key.startsWith("mod+") ? `${MODIFIER}${key.slice(4).toUpperCase()}` : (NAMES[key] ?? key);
}
