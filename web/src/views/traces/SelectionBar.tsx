import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Tag, Trash2, X } from "lucide-react";
import { useState } from "react";
import { deleteTraces } from "../../api/queries";
import type { Trace } from "../../api/types";
import { Button, IconButton } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { formatCount, formatOf } from "../../ui/format";
import { Popover } from "../../ui/Popover";
import { useProject } from "../frame/scope";
import { ExportMenu } from "./ExportMenu";
import { TagEditor } from "./TagEditor";

/** What can be done with the runs that are selected. */
export function SelectionBar({ traces, onClear, onAll }: { traces: readonly Trace[]; onClear: () => void; onAll: () => void }) {
  const [deleting, setDeleting] = useState(false);
  const ids = traces.map(({ trace_id }) => trace_id);
  return (
    <div className="pointer-events-none absolute inset-x-0 bottom-4 z-20 flex justify-center px-4">
      <div role="toolbar" aria-label="Selected runs" data-testid="selection" className="pointer-events-auto flex items-center gap-1.5 rounded-lg border border-line bg-raised py-1.5 pr-1.5 pl-3 shadow-pop">
        <span role="status" className="mr-1 font-medium whitespace-nowrap">
          {formatCount(traces.length)} selected
        </span>
        <Button look="quiet" onClick={onAll} title="All that are loaded">
          All
        </Button>
        <Popover
          label="Tags of the selected runs"
          align="start"
          trigger={
            <Button data-testid="tag">
              <Tag size={13} /> Tag
            </Button>
          }
        >
          <div className="w-72 p-2">
            <TagEditor traces={traces} />
          </div>
        </Popover>
        <ExportMenu which={{ trace_ids: ids }} says={`${formatOf(traces.length, "run")} as a file`} />
        <Button look="danger" data-testid="delete" onClick={() => setDeleting(true)}>
          <Trash2 size={13} /> Delete
        </Button>
        <IconButton label="Clear the selection" onClick={onClear}>
          <X size={14} />
        </IconButton>
      </div>
      <Dialog open={deleting} onOpenChange={setDeleting} title={`Delete ${formatOf(traces.length, "run")}?`}>
        <ConfirmDelete ids={ids} onDone={onClear} onCancel={() => setDeleting(false)} />
      </Dialog>
    </div>
  );
}

function ConfirmDelete({ ids, onDone, onCancel }: { ids: readonly string[]; onDone: () => void; onCancel: () => void }) {
  const project = useProject();
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: () => deleteTraces(project, ids),
    onSuccess: async () => {
      onDone();
      await Promise.all(["traces", "stats", "facets", "projects"].map((name) => queryClient.invalidateQueries({ queryKey: name === "projects" ? [name] : [name, project] })));
    },
  });
  return (
    <>
      <p className="text-muted">Their steps, all that was said in them, their logs and their scores are removed for good. Nothing brings them back.</p>
      {remove.error && (
        <p role="alert" className="mt-2 text-error-text">
          {remove.error.message}
        </p>
      )}
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={onCancel}>Cancel</Button>
        <Button look="danger" data-testid="confirm-delete" disabled={remove.isPending} onClick={() => remove.mutate()}>
          {remove.isPending ? "Deleting …" : "Delete"}
        </Button>
      </div>
    </>
  );
}
