import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { create } from "zustand";
import type { Noun } from "../../api/queries";
import { recall, remember } from "../../ui/remembered";
import { useScope } from "../frame/scope";
import { type Chosen, readColumns, writeColumns } from "./layout";

/** What this browser remembers; "" are the usual columns. */
const useKept = create<Record<Noun, string>>(() => ({ runs: recall("clew.columns.runs", ""), spans: recall("clew.columns.spans", "") }));

/** The columns that the address or this browser wants, and how to want others; undefined are the usual ones. */
export function useColumns(of: Noun): [readonly Chosen[] | undefined, (next: readonly Chosen[] | undefined) => void] {
  const { columns } = useScope();
  const kept = useKept((state) => state[of]);
  const navigate = useNavigate();
  const text = columns ?? kept;
  const chosen = useMemo(() => (text === "" ? undefined : readColumns(text)), [text]);
  const choose = (next: readonly Chosen[] | undefined) => {
    const written = next === undefined ? "" : writeColumns(next);
    remember(`clew.columns.${of}`, written);
    useKept.setState({ [of]: written });
    void navigate({ to: ".", replace: true, search: ({ columns: _, ...rest }) => ({ ...rest, ...(written && { columns: written }) }) });
  };
  return [chosen, choose];
}
