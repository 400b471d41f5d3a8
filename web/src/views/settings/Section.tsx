import type { ReactNode } from "react";

export function Section({ title, says, action, children }: { title: string; says: string; action?: ReactNode; children: ReactNode }) {
  return (
    <section>
      <header className="mb-3 flex items-end justify-between gap-4">
        <div>
          <h2 className="text-lg font-semibold">{title}</h2>
          <p className="text-muted">{says}</p>
        </div>
        {action}
      </header>
      {children}
    </section>
  );
}

/** What a change ran into, said where it was made. */
export function Problem({ error }: { error: Error | null }) {
  return error ? (
    <p role="alert" className="mt-2 text-error-text">
      {error.message}
    </p>
  ) : null;
}
