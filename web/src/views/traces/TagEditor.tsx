import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { changeTags, valuesQuery } from "../../api/queries";
import type { Trace } from "../../api/types";
import { Button, IconButton } from "../../ui/Button";
import { useProject } from "../frame/scope";

/** The tags of some runs: those that people gave can be taken away, others given. */
export function TagEditor({ traces }: { traces: readonly Trace[] }) {
  const project = useProject();
  const queryClient = useQueryClient();
  const [text, setText] = useState("");
  const list = useId();
  const known = useQuery(valuesQuery(project, "tag", text.trim()));
  const ids = traces.map(({ trace_id }) => trace_id);
  const change = useMutation({
    mutationFn: (to: { add?: string[]; remove?: string[] }) => changeTags(project, ids, to),
    onSuccess: () => {
      setText("");
      for (const touched of ["values", "facets", "trace"]) void queryClient.invalidateQueries({ queryKey: [touched, project] });
    },
  });
  const tags = [...new Set(traces.flatMap((trace) => trace.tags))].sort();
  const byHand = new Set(traces.flatMap(({ hand_tags }) => hand_tags));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== "") change.mutate({ add: [text.trim()] });
  };
  return (
    <div data-testid="tag-editor">
      <ul aria-label="Tags" className="flex flex-wrap gap-1">
        {tags.map((tag) => {
          const count = traces.filter((trace) => trace.tags.includes(tag)).length;
          return (
            <li key={tag} className="flex h-6 max-w-full items-center gap-1 rounded-md bg-hover pr-1 pl-2 text-sm" title={byHand.has(tag) ? tag : `${tag}\ngiven by the sender`}>
              <span className="truncate">{tag}</span>
              {count < traces.length && <span className="text-muted">{count}</span>}
              {byHand.has(tag) && (
                <IconButton label={`Remove the tag ${tag}`} className="size-5" disabled={change.isPending} onClick={() => change.mutate({ remove: [tag] })}>
                  <X size={11} />
                </IconButton>
              )}
            </li>
          );
        })}
      </ul>
      <form onSubmit={submit} className="mt-1.5 flex gap-1.5">
        <input aria-label="New tag" data-testid="new-tag" list={list} maxLength={200} placeholder="Add a tag" className="field h-6 min-w-0 flex-1 text-sm" value={text} onChange={(event) => setText(event.target.value)} />
        <datalist id={list}>
          {known.data?.map(({ value }) => (
            <option key={value} value={value}>
              {value}
            </option>
          ))}
        </datalist>
        <Button type="submit" className="h-6 text-sm" disabled={text.trim() === "" || change.isPending}>
          <Plus size={12} /> Add
        </Button>
      </form>
      {change.error && (
        <p role="alert" className="mt-1 text-sm text-error-text">
          {change.error.message}
        </p>
      )}
    </div>
  );
}
