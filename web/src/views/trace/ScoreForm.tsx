import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { ThumbsDown, ThumbsUp } from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { createScore } from "../../api/queries";
import { Button } from "../../ui/Button";

const route = getRouteApi("/projects/$project/runs/$traceId");

/** What a judgement is called unless one names it otherwise. */
const NAME = "review";
const NOTE = "note";

/** Judge by hand, or leave a note: of one span or, without one, of the whole run. */
export function ScoreForm({ spanId = "" }: { spanId?: string }) {
  const { project, traceId } = route.useParams();
  const queryClient = useQueryClient();
  const [good, setGood] = useState<boolean>();
  const [name, setName] = useState("");
  const [comment, setComment] = useState("");
  const { mutate, error, isPending } = useMutation({
    mutationFn: () => {
      const of = { trace_id: traceId, span_id: spanId, source: "person" as const };
      if (good === undefined) return createScore(project, { ...of, name: name || NOTE, data_type: "text", label: comment });
      return createScore(project, { ...of, name: name || NAME, data_type: "boolean", value: good, comment });
    },
    onSuccess: async () => {
      setGood(undefined);
      setComment("");
      await queryClient.invalidateQueries({ queryKey: ["trace", project, traceId] });
      await queryClient.invalidateQueries({ queryKey: ["span", project, traceId, spanId] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate();
  };
  const verdict = (value: boolean, label: string, icon: ReactNode) => (
    <Button look="quiet" aria-label={label} title={label} aria-pressed={good === value} className="aria-pressed:bg-accent-soft aria-pressed:text-accent-text" onClick={() => setGood(good === value ? undefined : value)}>
      {icon}
    </Button>
  );
  return (
    <form className="flex flex-wrap items-center gap-2 border-b border-line px-3 py-2" data-testid="score-form" onSubmit={submit}>
      {verdict(true, "Good", <ThumbsUp size={14} />)}
      {verdict(false, "Bad", <ThumbsDown size={14} />)}
      <input className="field w-28" aria-label="Name" placeholder={good === undefined ? NOTE : NAME} value={name} onChange={(event) => setName(event.target.value)} />
      <input className="field min-w-40 flex-1" aria-label="Comment" placeholder={`What you think of this ${spanId ? "step" : "run"}`} value={comment} onChange={(event) => setComment(event.target.value)} />
      <Button type="submit" disabled={isPending || (good === undefined && comment.trim() === "")}>
        Save
      </Button>
      {error && (
        <p role="alert" className="w-full text-error-text">
          {error.message}
        </p>
      )}
    </form>
  );
}
