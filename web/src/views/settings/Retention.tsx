import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { projectsQuery, setRetention } from "../../api/queries";
import { Button } from "../../ui/Button";
import { useProject } from "../frame/scope";
import { Problem, Section } from "./Section";

/** How long runs are kept; an empty field keeps them for good. */
export function Retention() {
  const name = useProject();
  const queryClient = useQueryClient();
  const { data } = useQuery(projectsQuery());
  const kept = data?.find((project) => project.name === name)?.retention_days ?? null;
  const [draft, setDraft] = useState<string | null>(null);
  const text = draft ?? (kept === null ? "" : String(kept));
  const days = text.trim() === "" ? null : Number(text);
  const valid = days === null || (Number.isInteger(days) && days >= 1);
  const save = useMutation({
    mutationFn: () => setRetention(name, days),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: projectsQuery().queryKey });
      setDraft(null);
    },
  });
  return (
    <Section title="Retention" says={`Runs of ${name} are deleted, contents included, once they are older than this.`}>
      <form
        className="flex items-center gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          if (valid) save.mutate();
        }}
      >
        <input
          aria-label="Days to keep runs"
          data-testid="retention-days"
          inputMode="numeric"
          className="field num w-24"
          placeholder="for good"
          aria-invalid={!valid}
          value={text}
          onChange={(event) => setDraft(event.target.value)}
        />
        <span className="text-muted">days</span>
        <Button type="submit" disabled={!valid || days === kept || save.isPending || !data}>
          Save
        </Button>
        <span className="text-sm text-faint">{valid ? (days === null ? "Kept until someone deletes them." : "") : "A whole number of days, or nothing."}</span>
      </form>
      <Problem error={save.error} />
    </Section>
  );
}
