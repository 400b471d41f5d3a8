import { createFileRoute } from "@tanstack/react-router";
import { Session } from "../views/sessions/Session";

export const Route = createFileRoute("/projects/$project/sessions/$sessionId")({ component: Session });
