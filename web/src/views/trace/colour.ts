import { useMemo } from "react";
import { create } from "zustand";
import { type Heat, heatOf } from "../../trace/heat";
import { useRun } from "./store";

const STORAGE = "clew.colour";
export const HEATS: readonly Heat[] = ["kind", "duration", "cost", "tokens"];

interface Colour {
  by: Heat;
  choose: (by: Heat) => void;
}

/** What bars are coloured by. */
export const useColour = create<Colour>((set) => ({
  by: HEATS.find((heat) => heat === localStorage.getItem(STORAGE)) ?? "kind",
  choose: (by) => {
    localStorage.setItem(STORAGE, by);
    set({ by });
  },
}));

/** By node how hot it is, or null where bars have the colour of their kind. */
export function useHeat(): Float64Array | null {
  const run = useRun((state) => state.run);
  const by = useColour((state) => state.by);
  return useMemo(() => (by === "kind" ? null : heatOf(run, by)), [run, by]);
}
