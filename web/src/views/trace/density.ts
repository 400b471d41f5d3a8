import { create } from "zustand";

const STORAGE = "clew.density";
const ROW_HEIGHT = { comfortable: 28, dense: 20 };

type Density = keyof typeof ROW_HEIGHT;

export const useDensity = create<{ density: Density; toggle: () => void }>((set, get) => ({
  density: localStorage.getItem(STORAGE) === "dense" ? "dense" : "comfortable",
  toggle: () => {
    const density = get().density === "dense" ? "comfortable" : "dense";
    localStorage.setItem(STORAGE, density);
    set({ density });
  },
}));

/** In pixels. */
export function useRowHeight(): number {
  return ROW_HEIGHT[useDensity((state) => state.density)];
}
