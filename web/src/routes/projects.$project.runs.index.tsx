import { createFileRoute } from "@tanstack/react-router";
import { tracesQuery } from "../api/queries";
import { toListing } from "../views/frame/scope";
import { Runs } from "../views/traces/Runs";

export const Route = createFileRoute("/projects/$project/runs/")({
  loaderDeps: ({ search }) => search,
  loader: ({ context, params, deps }) => {
    void context.queryClient.prefetchInfiniteQuery(tracesQuery(params.project, toListing(deps)));
  },
  component: Runs,
});
