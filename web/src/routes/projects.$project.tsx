import { createFileRoute } from "@tanstack/react-router";
import { Frame } from "../views/frame/Frame";
import { validateScope } from "../views/frame/scope";

/** The frame of a project. What narrows its lists travels from page to page in the links (keepScope). */
export const Route = createFileRoute("/projects/$project")({
  validateSearch: validateScope,
  component: Frame,
});
