import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChevronDown, Plus } from "lucide-react";
import { projectsQuery } from "../../api/queries";
import { Button } from "../../ui/Button";
import { formatShort } from "../../ui/format";
import { Menu, MenuChoice, MenuItem, MenuLine } from "../../ui/Menu";
import { useProject } from "./scope";

export function ProjectMenu() {
  const project = useProject();
  const navigate = useNavigate();
  const { data = [] } = useQuery(projectsQuery());
  const options = data.map(({ name, trace_count }) => ({ value: name, label: name, hint: formatShort(trace_count) }));
  return (
    <Menu
      trigger={
        <Button look="quiet" data-testid="project-menu" className="max-w-56">
          <span className="truncate text-text">{project}</span>
          <ChevronDown size={13} />
        </Button>
      }
    >
      <MenuChoice
        value={project}
        options={options}
        onChange={(name) => void navigate({ to: "/projects/$project/runs", params: { project: name }, search: {} })}
      />
      {options.length > 0 && <MenuLine />}
      <MenuItem onSelect={() => void navigate({ to: "/projects/$project/settings", params: { project }, search: true })}>
        <Plus size={14} className="text-faint" /> Projects and keys
      </MenuItem>
    </Menu>
  );
}
