import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { createKey, keysQuery, revokeKey } from "../../api/queries";
import type { Key, KeyScope, NewKey as Created } from "../../api/types";
import { Button } from "../../ui/Button";
import { CopyButton } from "../../ui/Copy";
import { Dialog } from "../../ui/Dialog";
import { formatAgo } from "../../ui/format";
import { ErrorState, ListSkeleton } from "../../ui/States";
import { useProject } from "../frame/scope";
import { Problem, Section } from "./Section";

const SCOPES: { scope: KeyScope; says: string }[] = [
  { scope: "ingest", says: "send spans, logs and scores" },
  { scope: "read", says: "see runs in this page and over the API" },
  { scope: "admin", says: "make and revoke keys, delete runs" },
];

export function Keys() {
  const project = useProject();
  const { data, error, refetch } = useQuery(keysQuery(project));
  return (
    <Section title="Keys" says={`Who may send to ${project} and read it. A secret is shown once, when its key is made.`} action={<NewKey />}>
      {error && !data && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!data && !error && <ListSkeleton rows={2} />}
      {data?.length === 0 && <p className="rounded-md border border-dashed border-line-strong p-4 text-muted">No key yet. On this machine none is needed; a server that others reach demands them.</p>}
      {data && data.length > 0 && (
        <ul className="divide-y divide-line rounded-md border border-line bg-raised">
          {data.map((key) => (
            <KeyRow key={key.key_id} of={key} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function KeyRow({ of: key }: { of: Key }) {
  const project = useProject();
  const queryClient = useQueryClient();
  const [asking, setAsking] = useState(false);
  const revoke = useMutation({
    mutationFn: () => revokeKey(project, key.key_id),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["keys", project] }),
  });
  const revoked = key.revoked_at !== null;
  return (
    <li data-testid="key-row" className={`flex min-h-10 items-center gap-4 px-3 py-1 ${revoked ? "text-faint" : ""}`}>
      <span className={`w-32 truncate font-medium ${revoked ? "line-through" : ""}`}>{key.name}</span>
      <span className="min-w-0 flex-1 truncate font-mono text-sm">{key.public_key}</span>
      <span className="w-36 truncate text-sm">{key.scopes.join(", ")}</span>
      <span className="w-36 text-right text-sm text-faint">{revoked ? "revoked" : key.last_used_at ? `used ${formatAgo(key.last_used_at)}` : "never used"}</span>
      <span className="flex w-20 justify-end">
        {!revoked && (
          <Button look={asking ? "danger" : "quiet"} disabled={revoke.isPending} onClick={() => (asking ? revoke.mutate() : setAsking(true))} onBlur={() => setAsking(false)}>
            {asking ? "Really?" : "Revoke"}
          </Button>
        )}
      </span>
      <Problem error={revoke.error} />
    </li>
  );
}

function NewKey() {
  const project = useProject();
  const queryClient = useQueryClient();
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<ReadonlySet<KeyScope>>(new Set<KeyScope>(["ingest"]));
  const create = useMutation({
    mutationFn: () => createKey(project, name.trim(), [...scopes]),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["keys", project] }),
  });
  const close = (next: boolean) => {
    setOpen(next);
    if (next) return;
    // The secret leaves the memory of the page with its dialog.
    create.reset();
    setName("");
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <>
      <Button data-testid="new-key" onClick={() => setOpen(true)}>
        <Plus size={14} /> New key
      </Button>
      <Dialog open={open} onOpenChange={close} title={create.data ? "The key is made" : `New key for ${project}`} className="w-[520px]">
        {create.data ? (
          <Secret created={create.data} onDone={() => close(false)} />
        ) : (
          <form onSubmit={submit}>
            <label htmlFor="key-name" className="mb-1 block font-medium">
              Name
            </label>
            <input id="key-name" className="field w-full" autoComplete="off" autoFocus required value={name} onChange={(event) => setName(event.target.value)} placeholder="production" />
            <fieldset className="mt-3">
              <legend className="mb-1 font-medium">May</legend>
              {SCOPES.map(({ scope, says }) => (
                <label key={scope} className="flex h-6 items-center gap-2">
                  <input type="checkbox" className="accent-accent" checked={scopes.has(scope)} onChange={() => setScopes(toggled(scopes, scope))} />
                  <span>{scope}</span>
                  <span className="text-muted">{says}</span>
                </label>
              ))}
            </fieldset>
            <Problem error={create.error} />
            <div className="mt-4 flex justify-end gap-2">
              <Button onClick={() => close(false)}>Cancel</Button>
              <Button type="submit" look="primary" disabled={create.isPending || scopes.size === 0 || name.trim() === ""}>
                Make the key
              </Button>
            </div>
          </form>
        )}
      </Dialog>
    </>
  );
}

function Secret({ created, onDone }: { created: Created; onDone: () => void }) {
  return (
    <>
      <p className="mb-2 text-muted">Copy the secret now: it is stored as a hash and can't be shown again.</p>
      <div className="flex items-center gap-2 rounded-md border border-line bg-sunken px-3 py-2">
        <code data-testid="secret-key" className="min-w-0 flex-1 font-mono text-sm break-all">
          {created.secret_key}
        </code>
        <CopyButton text={created.secret_key} label="Copy the secret" />
      </div>
      <p className="mt-2 text-sm text-faint">
        Public half: <span className="font-mono">{created.public_key}</span>
      </p>
      <div className="mt-4 flex justify-end">
        <Button look="primary" onClick={onDone}>
          I have copied it
        </Button>
      </div>
    </>
  );
}

function toggled<T>(set: ReadonlySet<T>, item: T): ReadonlySet<T> {
  const next = new Set(set);
  if (!next.delete(item)) next.add(item);
  return next;
}
