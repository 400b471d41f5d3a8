import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext } from "@tanstack/react-router";
import { Gate } from "../views/frame/Gate";
import { Empty } from "../ui/States";

export const Route = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Gate,
  notFoundComponent: () => (
    <Empty title="There is no such page">
      <a className="text-accent-text hover:underline" href="/">
        To the runs
      </a>
    </Empty>
  ),
});
