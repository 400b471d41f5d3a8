import { Dialog } from "../../ui/Dialog";
import { useKeyMap } from "../../ui/keys";

/** The keys that work on this page. */
export function KeyHelp({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const groups = useKeyMap((state) => state.groups);
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keys" className="w-[620px]">
      <div className="columns-2 gap-8" data-testid="key-help">
        {groups.toReversed().map((group) => (
          <section key={group.title} className="mb-4 break-inside-avoid">
            <h3 className="mb-1 text-sm font-medium text-faint">{group.title}</h3>
            <dl>
              {group.bindings.map(({ keys, label }) => (
                <div key={keys} className="flex h-6 items-center justify-between">
                  <dt className="text-muted">{label}</dt>
                  <dd className="flex gap-1">
                    {keys.split(" ").map((key) => (
                      <kbd key={key} className="kbd">
                        {nameKey(key)}
                      </kbd>
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

const NAMES: Record<string, string> = { ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };

function nameKey(key: string): string {
  return key.startsWith("mod+") ? `⌘${key.slice(4).toUpperCase()}` : (NAMES[key] ?? key);
}
