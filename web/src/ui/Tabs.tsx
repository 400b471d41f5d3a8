import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactNode } from "react";

export interface Tab {
  value: string;
  label: string;
  /** Shown small beside the label: how much there is. */
  count?: number | undefined;
}

interface Props {
  tabs: readonly Tab[];
  value: string;
  onChange: (value: string) => void;
  children: ReactNode;
  className?: string;
  label: string;
}

/** Tabs over one panel: `children` is the panel of the chosen tab. One tab alone needs no choosing. */
export function Tabs({ tabs, value, onChange, children, className = "", label }: Props) {
  return (
    <Base.Root value={value} onValueChange={(next) => onChange(String(next))} className={`flex min-h-0 flex-col ${className}`}>
      {tabs.length > 1 && (
        <Base.List aria-label={label} className="flex shrink-0 gap-0.5 overflow-x-auto border-b border-line px-2 [scrollbar-width:none]">
          {tabs.map((tab) => (
            <Base.Tab
              key={tab.value}
              value={tab.value}
              data-testid={`tab-${tab.value}`}
              className="relative flex h-8 items-center gap-1.5 px-2 whitespace-nowrap text-muted outline-offset-[-3px] hover:text-text data-[active]:text-text data-[active]:after:absolute data-[active]:after:inset-x-2 data-[active]:after:bottom-[-1px] data-[active]:after:h-0.5 data-[active]:after:rounded-full data-[active]:after:bg-accent"
            >
              {tab.label}
              {tab.count !== undefined && tab.count > 0 && <span className="text-xs text-faint tabular-nums">{tab.count}</span>}
            </Base.Tab>
          ))}
        </Base.List>
      )}
      <Base.Panel value={value} className="min-h-0 flex-1 outline-none">
        {children}
      </Base.Panel>
    </Base.Root>
  );
}
