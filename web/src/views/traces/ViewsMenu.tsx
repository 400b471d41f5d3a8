import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Bookmark, Check, ChevronDown, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { changeView, createView, deleteView, type Noun, viewsQuery } from "../../api/queries";
import type { Shows, View } from "../../api/types";
import { Button, IconButton } from "../../ui/Button";
import { CopyButton } from "../../ui/Copy";
import { Popover } from "../../ui/Popover";
import { type Scope, useProject, useScope } from "../frame/scope";
import { writeColumns } from "./layout";
import { useColumns } from "./useColumns";

/** The saved views of a list: the project shares them, and each has an address. */
export function ViewsMenu({ of }: { of: Noun }) {
  const project = useProject();
  const scope = useScope();
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  const shows = useShown(of);
  const { data } = useQuery(viewsQuery(project));
  const views = data?.filter((view) => view.of === of) ?? [];
  const active = views.find(({ view_id }) => view_id === scope.saved);
  const changed = active !== undefined && !same(active.shows, shows);
  return (
    <Popover
      label="Saved views"
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button look="quiet" data-testid="views" className="max-w-52">
          <Bookmark size={13} className="shrink-0" />
          <span className={`truncate ${active ? "text-text" : ""}`}>{active ? active.name : "Saved"}</span>
          {changed && <span className="text-accent-text">·</span>}
          <ChevronDown size={12} className="shrink-0" />
        </Button>
      }
    >
      <div className="w-80">
        {views.length === 0 && <p className="px-2 py-1.5 text-muted">What the list shows now (filter, range, order, columns) can be kept under a name, for everyone in the project.</p>}
        <ul aria-label="Saved views">
          {views.map((view) => (
            <Item
              key={view.view_id}
              view={view}
              active={view === active}
              onOpen={() => {
                setOpen(false);
                void navigate({ to: ".", search: () => ({ ...scopeOf(view) }) });
              }}
            />
          ))}
        </ul>
        {changed && <SaveChange view={active} shows={shows} />}
        <SaveNew of={of} shows={shows} onSaved={() => setOpen(false)} />
      </div>
    </Popover>
  );
}

/** The address of a list that shows what the view shows. */
export function scopeOf({ view_id, shows }: View): Scope {
  return { ...shows, saved: view_id };
}

/** What the list shows now. */
function useShown(of: Noun): Shows {
  const { filter, from, to, order } = useScope();
  const [chosen] = useColumns(of);
  return { ...(filter && { filter }), ...(from && { from }), ...(to && { to }), ...(order && { order }), ...(chosen && { columns: writeColumns(chosen) }) };
}

function same(a: Shows, b: Shows): boolean {
  return (["filter", "from", "to", "order", "columns"] as const).every((name) => (a[name] ?? "") === (b[name] ?? ""));
}

function useAgain(): () => Promise<void> {
  const queryClient = useQueryClient();
  const project = useProject();
  return () => queryClient.invalidateQueries({ queryKey: viewsQuery(project).queryKey });
}

function Item({ view, active, onOpen }: { view: View; active: boolean; onOpen: () => void }) {
  const project = useProject();
  const again = useAgain();
  const remove = useMutation({ mutationFn: () => deleteView(project, view.view_id), onSuccess: again });
  const link = `${location.origin}/projects/${encodeURIComponent(project)}/views/${view.view_id}`;
  return (
    <li className="group/view flex h-7 items-center rounded-md pr-1 hover:bg-hover">
      <button type="button" data-testid="view" className="flex h-7 min-w-0 flex-1 items-center gap-2 px-2 text-left" onClick={onOpen} title={view.shows.filter ?? ""}>
        <span className="flex w-4 shrink-0 justify-center">{active && <Check size={14} className="text-accent" />}</span>
        <span className="shrink-0">{view.name}</span>
        <span className="min-w-0 truncate text-sm text-faint">{remove.error ? remove.error.message : view.shows.filter}</span>
      </button>
      <CopyButton text={link} label={`Copy the link to ${view.name}`} className="opacity-0 group-hover/view:opacity-100 focus-visible:opacity-100" />
      <IconButton label={`Delete the view ${view.name}`} className="opacity-0 group-hover/view:opacity-100 focus-visible:opacity-100" disabled={remove.isPending} onClick={() => remove.mutate()}>
        <Trash2 size={13} />
      </IconButton>
    </li>
  );
}

function SaveChange({ view, shows }: { view: View; shows: Shows }) {
  const project = useProject();
  const again = useAgain();
  const save = useMutation({ mutationFn: () => changeView(project, view.view_id, { shows }), onSuccess: again });
  return (
    <div className="mt-1 border-t border-line px-2 pt-2 pb-1">
      <Button data-testid="save-view-change" disabled={save.isPending} onClick={() => save.mutate()}>
        Save what changed to “{view.name}”
      </Button>
      <Failure error={save.error} />
    </div>
  );
}

function SaveNew({ of, shows, onSaved }: { of: Noun; shows: Shows; onSaved: () => void }) {
  const project = useProject();
  const navigate = useNavigate();
  const again = useAgain();
  const [name, setName] = useState("");
  const save = useMutation({
    mutationFn: () => createView(project, of, name.trim(), shows),
    onSuccess: async (view) => {
      await again();
      onSaved();
      void navigate({ to: ".", replace: true, search: (search) => ({ ...search, saved: view.view_id }) });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") save.mutate();
  };
  return (
    <form onSubmit={submit} className="mt-1 border-t border-line px-2 pt-2 pb-1">
      <div className="flex gap-1.5">
        <input aria-label="Name of a new view" data-testid="view-name" maxLength={100} placeholder="Save this list as …" className="field min-w-0 flex-1" value={name} onChange={(event) => setName(event.target.value)} />
        <Button type="submit" look="primary" disabled={name.trim() === "" || save.isPending}>
          Save
        </Button>
      </div>
      <Failure error={save.error} />
    </form>
  );
}

function Failure({ error }: { error: Error | null }) {
  if (!error) return null;
  return (
    <p role="alert" className="mt-1 text-sm text-error-text">
      {error.message}
    </p>
  );
}
