import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError, request } from "../../api/client";
import { useKey } from "../../api/key";
import { Button } from "../../ui/Button";
import { Mark } from "./Mark";

const REFUSED = "This key isn't known here, or was revoked.";

/** Asks for a key and tries it before anything else is loaded with it. */
export function SignIn() {
  const queryClient = useQueryClient();
  const { signIn, secret: current } = useKey();
  const [secret, setSecret] = useState("");
  const [problem, setProblem] = useState(current ? REFUSED : "");
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await request("/api/projects", { key: secret.trim() });
      queryClient.clear();
      signIn(secret.trim());
    } catch (error) {
      setProblem(error instanceof ApiError && error.status === 401 ? REFUSED : (error as Error).message);
      setBusy(false);
    }
  };

  return (
    <main className="flex h-full items-start justify-center bg-sunken pt-[18vh]" data-testid="sign-in">
      <form onSubmit={submit} className="w-96 rounded-lg border border-line bg-raised p-6 shadow-pop">
        <div className="mb-5 flex items-center gap-2 text-lg font-semibold">
          <Mark size={22} /> Clew
        </div>
        <label htmlFor="key" className="mb-1 block font-medium">
          Key
        </label>
        <input
          id="key"
          type="password"
          autoComplete="off"
          autoFocus
          required
          placeholder="sk-clew-…"
          value={secret}
          onChange={(event) => setSecret(event.target.value)}
          className="field w-full font-mono"
          aria-invalid={problem !== ""}
        />
        <p className="mt-2 text-sm text-muted">
          The secret half of a key with the scope <code>read</code>. It is kept in this tab until you close it.
        </p>
        {problem && (
          <p role="alert" className="mt-3 text-sm text-error-text">
            {problem}
          </p>
        )}
        <Button type="submit" look="primary" className="mt-4 w-full justify-center" disabled={busy || secret.trim() === ""}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
