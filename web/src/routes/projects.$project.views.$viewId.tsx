import { createFileRoute, redirect } from "@tanstack/react-router";
import { viewQuery } from "../api/queries";
import { ErrorState } from "../ui/States";
import { scopeOf } from "../views/traces/ViewsMenu";

/** The address of a saved view, whatever it shows by now: leads to its list. */
export const Route = createFileRoute("/projects/$project/views/$viewId")({
  loader: async ({ context, params: { project, viewId } }) => {
    const view = await context.queryClient.fetchQuery(viewQuery(project, viewId)).catch((error: Error) => error);
    if (view instanceof Error) return view;
    throw redirect({ to: view.of === "spans" ? "/projects/$project/spans" : "/projects/$project/runs", params: { project }, search: scopeOf(view), replace: true });
  },
  component: NoView,
});

function NoView() {
  return <ErrorState error={Route.useLoaderData()} title="This view can't be shown" />;
}
