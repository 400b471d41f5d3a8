import { useQuery } from "@tanstack/react-query";
import { FileDown, Image as ImageIcon } from "lucide-react";
import { useEffect, useMemo } from "react";
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
  if (part.uri) return <Elsewhere uri={part.uri} type={type || (part.modality ?? "file")} />;
  return <span className="text-muted">{[part.modality, type, part.file_id].filter(Boolean).join(" · ") || "a file without content"}</span>;
}

function Stored({ url, type }: { url: string; type: string }) {
  const source = useSource(url);
  if (source.error) return <p className="text-error-text">This {nameOf(type)} couldn't be loaded: {source.error}</p>;
  if (!source.url) return <div className="skeleton appear-late h-24 w-40" />;
  if (type.startsWith("image/")) return <img src={source.url} alt={`sent as ${type}`} className="max-h-96 max-w-full rounded-md border border-line" />;
  if (type.startsWith("audio/")) return <audio controls src={source.url} className="h-9 max-w-full" />;
  return (
    <a href={source.url} download className="inline-flex items-center gap-1.5 text-accent-text hover:underline">
      <FileDown size={14} /> {type.replace(/\/$/, "") || "file"}
    </a>
  );
}

/** The server gives contents to a key only, which an <img> can't carry: then the bytes are fetched. */
function useSource(url: string): { url: string; error: string } {
  const keyed = useKey((state) => state.secret !== "");
  const blob = useQuery({ queryKey: ["content", url], queryFn: ({ signal }) => fetchBlob(url, signal), enabled: keyed, staleTime: Number.POSITIVE_INFINITY });
  const objectUrl = useMemo(() => (blob.data ? URL.createObjectURL(blob.data) : ""), [blob.data]);
  useEffect(() => () => URL.revokeObjectURL(objectUrl), [objectUrl]);
  return { url: keyed ? objectUrl : url, error: blob.error?.message ?? "" };
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
