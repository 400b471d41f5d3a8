import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { downloadRuns, type FileFormat, type WhichRuns } from "../../api/download";
import { Button } from "../../ui/Button";
import { Menu, MenuItem, MenuTitle } from "../../ui/Menu";
import { useProject } from "../frame/scope";

const FORMATS: readonly (readonly [FileFormat, string])[] = [
  ["jsonl", "JSON lines"],
  ["csv", "CSV"],
  ["parquet", "Parquet"],
];

/** Runs as a file, a row each. */
export function ExportMenu({ which, says, look = "plain" }: { which: WhichRuns; says: string; look?: "plain" | "quiet" }) {
  const project = useProject();
  const save = useMutation({ mutationFn: (format: FileFormat) => downloadRuns(project, format, which) });
  return (
    <Menu
      align="end"
      trigger={
        <Button look={look} data-testid="export" disabled={save.isPending} title={save.error ? save.error.message : says}>
          <Download size={13} className={save.error ? "text-error" : ""} /> {save.error ? "Export failed" : "Export"}
        </Button>
      }
    >
      <MenuTitle>{says}</MenuTitle>
      {FORMATS.map(([format, label]) => (
        <MenuItem key={format} onSelect={() => save.mutate(format)}>
          {label}
        </MenuItem>
      ))}
    </Menu>
  );
}
