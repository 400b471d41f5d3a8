import { Check, Copy as CopyIcon } from "lucide-react";
import { useEffect, useState } from "react";
import { IconButton } from "./Button";

const CONFIRM_MS = 1400;

/** Whether a copy has just been made, and the function that makes one. */
export function useCopy(): [boolean, (text: string) => void] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), CONFIRM_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return [copied, (text) => void copyText(text).then(() => setCopied(true))];
}

export function CopyButton({ text, label, className = "" }: { text: string | (() => string); label: string; className?: string }) {
  const [copied, copy] = useCopy();
  return (
    <IconButton
      label={copied ? "Copied" : label}
      className={className}
      onClick={(event) => {
        event.stopPropagation();
        copy(typeof text === "string" ? text : text());
      }}
    >
      {copied ? <Check size={13} className="text-success" /> : <CopyIcon size={13} />}
    </IconButton>
  );
}

/** The clipboard interface exists on https and localhost only; a team's plain-http address has the old way. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
