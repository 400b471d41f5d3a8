import { createFileRoute } from "@tanstack/react-router";
import { traceQuery } from "../api/queries";
import { Run } from "../views/trace/Run";
import { validateRunSearch } from "../views/trace/place";

export const Route = createFileRoute("/projects/$project/runs/$traceId")({
  validateSearch: validateRunSearch,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(traceQuery(params.project, params.traceId));
  },
  component: Run,
});
