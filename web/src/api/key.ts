import { create } from "zustand";

const STORAGE = "clew.key";

/** The key that requests carry, kept for this tab only; `refused` asks the frame for a sign-in. */
interface KeyState {
  secret: string;
  refused: boolean;
  signIn: (secret: string) => void;
  signOut: () => void;
  refuse: () => void;
}

export const useKey = create<KeyState>((set) => ({
  secret: sessionStorage.getItem(STORAGE) ?? "",
  refused: false,
  signIn: (secret) => {
    sessionStorage.setItem(STORAGE, secret);
    set({ secret, refused: false });
  },
  signOut: () => {
    sessionStorage.removeItem(STORAGE);
    set({ secret: "", refused: true });
  },
  refuse: () => set({ refused: true }),
}));
