import { useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";
import { projectsQuery } from "../../api/queries";
import type { Project } from "../../api/types";
import { Empty, ErrorState } from "../../ui/States";
import { lastProject } from "./lastProject";

/** To the project that was open last, else the one that spans reached last. */
export function Home() {
  const { data, error, refetch } = useQuery(projectsQuery());
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return null;
  const project = data.find(({ name }) => name === lastProject()) ?? latest(data);
  if (!project) return <Empty title="No project yet">Send a span, and the project it names appears.</Empty>;
  return <Navigate to="/projects/$project/runs" params={{ project: project.name }} replace />;
}

function latest(projects: Project[]): Project | undefined {
  return projects.toSorted((a, b) => (b.last_span_at ?? "").localeCompare(a.last_span_at ?? ""))[0];
}
