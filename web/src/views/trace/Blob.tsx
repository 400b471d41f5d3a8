import { useQuery } from "@tanstack/react-query";
import { FileDown, Image as ImageIcon } from "lucide-react";
import { fetchBlob } from "../../api/download";
import { useKey } from "../../api/key";
import { contentUrl } from "../../api/queries";
import type { Part } from "../../api/types";
import { useProject } from "../frame/scope";

/** An image, a sound or a file that was part of a message. */
export function Blob({ part, traceId }: { part: Part; traceId: string }) {
  const project = useProject();
  const type = part.mime_type ?? "";
  if (part.content_hash) return <Stored url={contentUrl(project, traceId, part.content_hash)} type={type || `${part.modality ?? ""}/`} />;
  if (typeof part.data === "string" && part.data !== "" && type) return <Stored url={`data:${type};base64,${part.data}`} type={type} />;
  if (part.uri) return <Elsewhere uri={part.uri} type={type || (part.modality ?? "file")} />;
  return <span className="text-muted">{[part.modality, type, part.file_id].filter(Boolean).join(" · ") || "a file without content"}</span>;
}

function Stored({ url, type }: { url: string; type: string }) {
  const { data, error, keyed } = useBytes(url);
  if (error) return <p className="text-error-text">This {nameOf(type)} couldn't be loaded: {error.message}</p>;
  if (keyed && !data) return <div className="skeleton appear-late h-24 w-40" />;
  const source = (attribute: "src" | "href") => (data ? { ref: (element: HTMLElement | null) => lend(element, attribute, data) } : { [attribute]: url });
  if (type.startsWith("image/")) return <img {...source("src")} alt={`sent as ${type}`} className="max-h-96 max-w-full rounded-md border border-line" />;
  if (type.startsWith("audio/")) return <audio controls {...source("src")} className="h-9 max-w-full" />;
  return (
    <a {...source("href")} download className="inline-flex items-center gap-1.5 text-accent-text hover:underline">
      <FileDown size={14} /> {type.replace(/\/$/, "") || "file"}
    </a>
  );
}

/** Where the server gives contents to a key only, which an <img> can't carry, the bytes are fetched. */
function useBytes(url: string) {
  const keyed = useKey((state) => state.secret !== "") && !url.startsWith("data:");
  const { data, error } = useQuery({ queryKey: ["content", url], queryFn: ({ signal }) => fetchBlob(url, signal), enabled: keyed, staleTime: Number.POSITIVE_INFINITY });
  return { data: keyed ? data : undefined, error, keyed };
}

/** Give an element an address of the bytes for as long as it is on the page. */
function lend(element: HTMLElement | null, attribute: string, bytes: globalThis.Blob): (() => void) | undefined {
  if (!element) return undefined;
  const address = URL.createObjectURL(bytes);
  element.setAttribute(attribute, address);
  return () => URL.revokeObjectURL(address);
}

/** Something on another server: loading it would tell that server who reads, so it is a link. */
function Elsewhere({ uri, type }: { uri: string; type: string }) {
  const safe = /^https?:/i.test(uri);
  return (
    <span className="inline-flex min-w-0 max-w-full items-center gap-1.5">
      <ImageIcon size={14} className="shrink-0 text-faint" />
      <span className="text-muted">{nameOf(type)}</span>
      {safe ? (
        <a href={uri} target="_blank" rel="noopener noreferrer nofollow" className="truncate text-accent-text hover:underline">
          {uri}
        </a>
      ) : (
        <span className="truncate font-mono text-sm">{uri.slice(0, 120)}</span>
      )}
    </span>
  );
}

function nameOf(type: string): string {
  return type.split("/")[0] || "file";
}
