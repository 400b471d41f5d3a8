import { createFileRoute } from "@tanstack/react-router";
import { Search } from "../views/search/Search";

export const Route = createFileRoute("/projects/$project/search")({
  validateSearch: ({ q }: Record<string, unknown>) => (typeof q === "string" && q !== "" ? { q } : {}),
  component: Search,
});
