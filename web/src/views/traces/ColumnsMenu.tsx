import { ArrowDown, ArrowUp, Columns3 } from "lucide-react";
import type { Noun } from "../../api/queries";
import { Button, IconButton } from "../../ui/Button";
import { Popover } from "../../ui/Popover";
import { type Chosen, type Column, moveColumn } from "./layout";
import { useColumns } from "./useColumns";

/** Which columns the list has, and in which order. */
export function ColumnsMenu<T>({ of, columns }: { of: Noun; columns: readonly Column<T>[] }) {
  const [chosen, choose] = useColumns(of);
  const shown: readonly Chosen[] = chosen ?? columns.filter(({ extra }) => !extra);
  const hidden = columns.filter(({ id }) => !shown.some((one) => one.id === id));
  const labelOf = (id: string) => columns.find((column) => column.id === id)?.label ?? id;
  const asChosen = () => shown.map(({ id, width_px }): Chosen => (width_px === undefined ? { id } : { id, width_px }));
  return (
    <Popover
      label="Columns"
      trigger={
        <Button look="quiet" data-testid="columns">
          <Columns3 size={13} /> Columns
        </Button>
      }
    >
      <ul className="w-60" aria-label="Shown columns">
        {shown.map(({ id }, k) => (
          <li key={id} className="group/column flex h-7 items-center rounded-md pr-1 hover:bg-hover">
            <Choice label={labelOf(id)} checked onChange={() => shown.length > 1 && choose(asChosen().filter((one) => one.id !== id))} />
            <IconButton label={`Move ${labelOf(id)} up`} className="opacity-0 group-hover/column:opacity-100 focus-visible:opacity-100" disabled={k === 0} onClick={() => choose(moveColumn(asChosen(), id, shown[k - 1]!.id))}>
              <ArrowUp size={12} />
            </IconButton>
            <IconButton
              label={`Move ${labelOf(id)} down`}
              className="opacity-0 group-hover/column:opacity-100 focus-visible:opacity-100"
              disabled={k === shown.length - 1}
              onClick={() => choose(moveColumn(asChosen(), id, shown[k + 1]!.id))}
            >
              <ArrowDown size={12} />
            </IconButton>
          </li>
        ))}
      </ul>
      {hidden.length > 0 && (
        <ul className="mt-1 border-t border-line pt-1" aria-label="Hidden columns">
          {hidden.map(({ id, label }) => (
            <li key={id} className="flex h-7 items-center rounded-md hover:bg-hover">
              <Choice label={label} checked={false} onChange={() => choose([...asChosen(), { id }])} />
            </li>
          ))}
        </ul>
      )}
      <div className="mt-1 border-t border-line pt-1">
        <Button look="quiet" disabled={chosen === undefined} onClick={() => choose(undefined)}>
          The usual columns
        </Button>
      </div>
    </Popover>
  );
}

function Choice({ label, checked, onChange }: { label: string; checked: boolean; onChange: () => void }) {
  return (
    <label className="flex h-7 min-w-0 flex-1 items-center gap-2 px-2 select-none">
      <input type="checkbox" className="accent-(--accent)" checked={checked} onChange={onChange} />
      <span className="truncate">{label}</span>
    </label>
  );
}
