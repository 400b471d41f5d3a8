import type { ComponentProps } from "react";

type Look = "plain" | "primary" | "quiet" | "danger";

const LOOKS: Record<Look, string> = {
  plain: "border border-line-strong bg-raised text-text hover:bg-hover",
  primary: "border border-transparent bg-accent text-on-accent hover:brightness-110",
  quiet: "border border-transparent text-muted hover:bg-hover hover:text-text",
  danger: "border border-line-strong bg-raised text-error-text hover:border-error",
};

export function Button({ look = "plain", className = "", ...rest }: ComponentProps<"button"> & { look?: Look }) {
  return (
    <button
      type="button"
      className={`inline-flex h-7 shrink-0 items-center gap-1.5 rounded-md px-2.5 font-medium whitespace-nowrap transition-colors disabled:pointer-events-none disabled:opacity-45 ${LOOKS[look]} ${className}`}
      {...rest}
    />
  );
}

/** A square button that is only an icon; `label` is its name for screen readers and the hover text. */
export function IconButton({ label, className = "", ...rest }: ComponentProps<"button"> & { label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`inline-flex size-6 shrink-0 items-center justify-center rounded-md text-muted transition-colors hover:bg-hover hover:text-text disabled:pointer-events-none disabled:opacity-35 aria-pressed:bg-accent-soft aria-pressed:text-accent-text ${className}`}
      {...rest}
    />
  );
}
