import { lazy, Suspense } from "react";

const Markdown = lazy(() => import("./Markdown"));

/** Text as markdown; plain until the library is there. */
export function Rendered({ text }: { text: string }) {
  return (
    <Suspense fallback={<PlainText text={text} />}>
      <Markdown text={text} />
    </Suspense>
  );
}

export function PlainText({ text }: { text: string }) {
  return <div className="break-words whitespace-pre-wrap">{text}</div>;
}

export function CodeText({ text }: { text: string }) {
  return <pre className="overflow-x-auto font-mono text-sm leading-[18px] break-words whitespace-pre-wrap">{text}</pre>;
}
