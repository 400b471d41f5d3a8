import { RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./Button";

/** What happened, what to do, and a retry. */
export function ErrorState({ error, onRetry, title = "This couldn't be loaded" }: { error: Error; onRetry?: () => void; title?: string }) {
  return (
    <div role="alert" data-testid="error-state" className="mx-auto mt-[12vh] flex max-w-md flex-col items-start gap-3 p-4">
      <h2 className="text-lg font-semibold">{title}</h2>
      <p className="break-words whitespace-pre-wrap text-muted">{withCommands(error.message)}</p>
      {onRetry && (
        <Button onClick={onRetry}>
          <RotateCw size={14} /> Try again
        </Button>
      )}
    </div>
  );
}

/** A sentence with its commands, which stand between backticks, as such. */
function withCommands(sentence: string): ReactNode {
  return sentence.split(/`([^`]+)`/).map((part, k) =>
    k % 2 === 0 ? (
      part
    ) : (
      <code key={k} className="rounded bg-hover px-1 py-px font-mono text-sm text-text">
        {part}
      </code>
    ),
  );
}

/** What would be here, and the one action that brings it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div data-testid="empty-state" className="mx-auto mt-[12vh] flex max-w-md flex-col items-start gap-3 p-4">
      <h2 className="text-lg font-semibold">{title}</h2>
      <div className="text-muted">{children}</div>
    </div>
  );
}

/** Grey lines where a list will be, from 200 ms on. */
export function ListSkeleton({ rows = 14, row = 28 }: { rows?: number; row?: number }) {
  return (
    <div aria-hidden className="appear-late px-4 py-1">
      {Array.from({ length: rows }, (_, n) => (
        <div key={n} className="flex items-center gap-4" style={{ height: row }}>
          <span className="skeleton size-3 rounded-full" />
          <span className="skeleton h-2.5 w-16" />
          <span className="skeleton h-2.5" style={{ width: `${22 + ((n * 37) % 44)}%` }} />
          <span className="skeleton ml-auto h-2.5 w-12" />
        </div>
      ))}
    </div>
  );
}
