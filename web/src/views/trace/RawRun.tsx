import { Download } from "lucide-react";
import { downloadExport } from "../../api/download";
import { path } from "../../api/client";
import { exportUrl } from "../../api/queries";
import type { LoadedRun } from "../../api/types";
import { Button } from "../../ui/Button";
import { CopyButton } from "../../ui/Copy";
import { Json } from "../../ui/Json";
import { useProject } from "../frame/scope";
import { Recipes } from "./Recipes";

/** The run as the API gives it, and how a program gets it. */
export function RawRun({ loaded: { trace } }: { loaded: LoadedRun }) {
  const project = useProject();
  return (
    <div className="min-h-0 flex-1 overflow-y-auto p-3" data-testid="raw-run">
      <div className="mb-4 flex flex-wrap items-center gap-2">
        <Button onClick={() => void downloadExport(project, trace.trace_id)} title={exportUrl(project, trace.trace_id)}>
          <Download size={14} /> Everything that came in, as OTLP
        </Button>
      </div>
      <Recipes address={path`/api/projects/${project}/traces/${trace.trace_id}`} python={`client.trace(${JSON.stringify(project)}, ${JSON.stringify(trace.trace_id)})`} />
      <div className="mb-2 flex items-center gap-2 text-sm text-muted">
        The run as the API sums it up
        <CopyButton text={() => JSON.stringify(trace, null, 2)} label="Copy the JSON" />
      </div>
      <Json value={trace} depth={1} />
    </div>
  );
}
