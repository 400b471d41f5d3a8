import { createFileRoute } from "@tanstack/react-router";
import { spansQuery } from "../api/queries";
import { toListing } from "../views/frame/scope";
import { Spans } from "../views/traces/Spans";

export const Route = createFileRoute("/projects/$project/spans")({
  loaderDeps: ({ search }) => search,
  loader: ({ context, params, deps }) => {
    void context.queryClient.prefetchInfiniteQuery(spansQuery(params.project, toListing(deps)));
  },
  component: Spans,
});
