import { Popover as Base } from "@base-ui/react/popover";
import type { ReactElement, ReactNode } from "react";

interface Props {
  /** The button that opens it. */
  trigger: ReactElement<Record<string, unknown>>;
  label: string;
  children: ReactNode;
  align?: "start" | "end";
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}

/** A small panel at the button that opened it, for more than a menu holds. */
export function Popover({ trigger, label, children, align = "end", ...state }: Props) {
  return (
    <Base.Root {...state}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner className="z-50 outline-none" sideOffset={4} align={align}>
          <Base.Popup aria-label={label} className="max-h-(--available-height) min-w-56 overflow-auto rounded-lg border border-line bg-raised p-1 shadow-pop outline-none">
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
