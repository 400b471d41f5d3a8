import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Plus, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { createProject, deleteProject, projectsQuery } from "../../api/queries";
import type { Project } from "../../api/types";
import { Button, IconButton } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { formatAgo, formatOf } from "../../ui/format";
import { ErrorState, ListSkeleton } from "../../ui/States";
import { useProject } from "../frame/scope";
import { Problem, Section } from "./Section";

export function Projects() {
  const { data, error, refetch } = useQuery(projectsQuery());
  const current = useProject();
  const [doomed, setDoomed] = useState<Project | null>(null);
  return (
    <Section title="Projects" says="Each has its own runs, keys and retention; none sees another's." action={<NewProject />}>
      {error && !data && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!data && !error && <ListSkeleton rows={3} />}
      {data && (
        <ul className="divide-y divide-line rounded-md border border-line bg-raised">
          {data.map((project) => (
            <li key={project.name} data-testid="project-row" className="flex h-10 items-center gap-4 px-3">
              <Link to="/projects/$project/settings" params={{ project: project.name }} search={{}} className={`min-w-0 flex-1 truncate hover:underline ${project.name === current ? "font-semibold" : ""}`}>
                {project.name}
              </Link>
              {project.name === current && <span className="text-sm text-faint">open</span>}
              <span className="num w-28 text-muted">{formatOf(project.trace_count, "run")}</span>
              <span className="num w-32 text-muted">{formatOf(project.span_count, "span")}</span>
              <span className="num w-34 text-faint">{project.last_span_at ? formatAgo(project.last_span_at) : "no span yet"}</span>
              <IconButton label={`Delete ${project.name}`} onClick={() => setDoomed(project)}>
                <Trash2 size={14} />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      {doomed && <DeleteProject key={doomed.name} project={doomed} onClose={() => setDoomed(null)} />}
    </Section>
  );
}

function NewProject() {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => createProject(name.trim()),
    onSuccess: async (project) => {
      await queryClient.invalidateQueries({ queryKey: projectsQuery().queryKey });
      setOpen(false);
      setName("");
      await navigate({ to: "/projects/$project/settings", params: { project: project.name }, search: {} });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <>
      <Button data-testid="new-project" onClick={() => setOpen(true)}>
        <Plus size={14} /> New project
      </Button>
      <Dialog open={open} onOpenChange={setOpen} title="New project">
        <form onSubmit={submit}>
          <label htmlFor="project-name" className="mb-1 block font-medium">
            Name
          </label>
          <input id="project-name" className="field w-full" autoComplete="off" autoFocus required value={name} onChange={(event) => setName(event.target.value)} placeholder="booking-agent" />
          <p className="mt-2 text-sm text-muted">
            Senders choose it by its key, or with the header <code className="font-mono">x-clew-project</code>.
          </p>
          <Problem error={create.error} />
          <div className="mt-4 flex justify-end gap-2">
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button type="submit" look="primary" disabled={create.isPending || name.trim() === ""}>
              Create
            </Button>
          </div>
        </form>
      </Dialog>
    </>
  );
}

/** A project is deleted with everything in it, so its name has to be typed. */
function DeleteProject({ project, onClose }: { project: Project; onClose: () => void }) {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const current = useProject();
  const [typed, setTyped] = useState("");
  const remove = useMutation({
    mutationFn: () => deleteProject(project.name),
    onSuccess: async () => {
      onClose();
      await queryClient.invalidateQueries({ queryKey: projectsQuery().queryKey });
      if (project.name === current) await navigate({ to: "/" });
    },
  });
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`Delete ${project.name}?`}>
      <p className="text-muted">
        {formatOf(project.trace_count, "run")} with {formatOf(project.span_count, "span")}, its keys, scores and sessions are removed from the store. This can't be
        undone.
      </p>
      <label htmlFor="confirm-name" className="mt-3 mb-1 block">
        Type <strong>{project.name}</strong> to confirm
      </label>
      <input id="confirm-name" className="field w-full" autoComplete="off" value={typed} onChange={(event) => setTyped(event.target.value)} />
      <Problem error={remove.error} />
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={onClose}>Keep it</Button>
        <Button look="danger" disabled={typed !== project.name || remove.isPending} onClick={() => remove.mutate()}>
          Delete
        </Button>
      </div>
    </Dialog>
  );
}
