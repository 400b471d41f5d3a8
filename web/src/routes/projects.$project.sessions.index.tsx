import { createFileRoute } from "@tanstack/react-router";
import { Sessions } from "../views/sessions/Sessions";

export const Route = createFileRoute("/projects/$project/sessions/")({ component: Sessions });
