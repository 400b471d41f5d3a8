import { createFileRoute, retainSearchParams } from "@tanstack/react-router";
import { Frame } from "../views/frame/Frame";
import { validateScope } from "../views/frame/scope";

/** The frame of a project. What narrows its lists travels from page to page. */
export const Route = createFileRoute("/projects/$project")({
  validateSearch: validateScope,
  search: { middlewares: [retainSearchParams(["filter", "from", "to", "order"])] },
  component: Frame,
});
