import { Menu as Base } from "@base-ui/react/menu";
import { Check } from "lucide-react";
import type { ReactElement, ReactNode } from "react";

interface Props {
  /** The button that opens the menu. */
  trigger: ReactElement<Record<string, unknown>>;
  children: ReactNode;
  align?: "start" | "end";
}

export function Menu({ trigger, children, align = "start" }: Props) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner className="z-50 outline-none" sideOffset={4} align={align}>
          <Base.Popup className="max-h-(--available-height) min-w-44 overflow-auto rounded-lg border border-line bg-raised p-1 shadow-pop outline-none">
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

const ITEM =
  "flex h-7 items-center gap-2 rounded-md px-2 outline-none select-none data-[highlighted]:bg-hover data-[disabled]:opacity-45";

export function MenuItem({ onSelect, children, danger = false, disabled = false }: { onSelect: () => void; children: ReactNode; danger?: boolean; disabled?: boolean }) {
  return (
    <Base.Item className={`${ITEM} ${danger ? "text-error-text" : ""}`} onClick={onSelect} disabled={disabled}>
      {children}
    </Base.Item>
  );
}

/** Items of which one is chosen. */
export function MenuChoice<T extends string>({ value, options, onChange }: { value: T; options: readonly { value: T; label: ReactNode; hint?: ReactNode }[]; onChange: (value: T) => void }) {
  return (
    <Base.RadioGroup value={value} onValueChange={(next: T) => onChange(next)}>
      {options.map((option) => (
        <Base.RadioItem key={option.value} value={option.value} className={ITEM} closeOnClick>
          <span className="flex w-4 justify-center">
            <Base.RadioItemIndicator>
              <Check size={14} className="text-accent" />
            </Base.RadioItemIndicator>
          </span>
          <span className="flex-1 truncate">{option.label}</span>
          {option.hint !== undefined && <span className="num pl-4 text-sm text-faint">{option.hint}</span>}
        </Base.RadioItem>
      ))}
    </Base.RadioGroup>
  );
}

export function MenuLine() {
  return <Base.Separator className="my-1 h-px bg-line" />;
}

export function MenuTitle({ children }: { children: ReactNode }) {
  return <div className="px-2 py-1 text-xs font-medium text-faint">{children}</div>;
}
