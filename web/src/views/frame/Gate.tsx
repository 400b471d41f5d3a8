import { Outlet } from "@tanstack/react-router";
import { useKey } from "../../api/key";
import { SignIn } from "./SignIn";

/** The page, or the question for a key while the server refuses to answer without one. */
export function Gate() {
  const refused = useKey((state) => state.refused);
  return refused ? <SignIn /> : <Outlet />;
}
