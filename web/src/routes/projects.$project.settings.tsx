import { createFileRoute } from "@tanstack/react-router";
import { Settings } from "../views/settings/Settings";

export const Route = createFileRoute("/projects/$project/settings")({ component: Settings });
