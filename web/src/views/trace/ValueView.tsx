import type { Value } from "../../api/types";
import { formatBytes } from "../../ui/format";
import { Json } from "../../ui/Json";
import { LongText } from "../../ui/LongText";
import { CodeText, PlainText, Rendered } from "../../ui/Rendered";

/** A longer text isn't parsed on the chance that it is JSON. */
const MOST_PARSED = 2_000_000;

interface Props {
  value: Value | undefined;
  /** How many levels of JSON are open at first. */
  depth?: number;
  /** What a person or a model wrote is markdown; what a tool gave is not. */
  prose?: boolean;
}

/** Any value as a person reads it: text as text, JSON (also inside a string) as a tree. */
export function ValueView({ value, depth = 2, prose = false }: Props) {
  if (value === undefined || value === null) return <span className="text-faint">nothing</span>;
  if (typeof value === "string") return <TextValue text={value} depth={depth} prose={prose} />;
  const bytes = bytesOf(value);
  if (bytes !== null) return <span className="text-muted">{formatBytes(bytes)} of binary data</span>;
  return <Json value={value} depth={depth} />;
}

function TextValue({ text, depth, prose }: { text: string; depth: number; prose: boolean }) {
  if (text === "") return <span className="text-faint">empty text</span>;
  const parsed = parseJson(text);
  if (parsed !== undefined) return <Json value={parsed} depth={depth} />;
  const render = (part: string) => (prose ? <Rendered text={part} /> : looksLikeCode(part) ? <CodeText text={part} /> : <PlainText text={part} />);
  return <LongText text={text} render={render} />;
}

/** The object or list that a text holds; undefined for anything else. */
export function parseJson(text: string): object | undefined {
  if (text.length > MOST_PARSED || !/^\s*[[{]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function looksLikeCode(text: string): boolean {
  return /^(\s{2,}|\t)\S/m.test(text) || /[;{}]\s*$/m.test(text);
}

function bytesOf(value: Value): number | null {
  const base64 = typeof value === "object" && value !== null && "$bytes" in value ? value.$bytes : undefined;
  return typeof base64 === "string" ? Math.floor((base64.length * 3) / 4) : null;
}
