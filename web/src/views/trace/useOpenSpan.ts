import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";

const route = getRouteApi("/projects/$project/runs/$traceId");

/** Show a span where it stands in the timeline. */
export function useOpenSpan(): (spanId: string) => void {
  const navigate = route.useNavigate();
  return useCallback((span) => void navigate({ search: ({ view: _, ...search }) => ({ ...search, span }) }), [navigate]);
}
