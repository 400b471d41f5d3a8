import { createFileRoute } from "@tanstack/react-router";
import { Home } from "../views/frame/Home";

export const Route = createFileRoute("/")({ component: Home });
