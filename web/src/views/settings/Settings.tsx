import { useQuery } from "@tanstack/react-query";
import { infoQuery } from "../../api/queries";
import { useKey } from "../../api/key";
import { Button } from "../../ui/Button";
import { useProject } from "../frame/scope";
import { IngestHealth } from "./IngestHealth";
import { Keys } from "./Keys";
import { Projects } from "./Projects";
import { Retention } from "./Retention";

/** Projects, and of the one that is open its retention, its keys and what came in. */
export function Settings() {
  const project = useProject();
  return (
    <div className="min-h-0 flex-1 overflow-y-auto" data-testid="settings-page">
      <div className="mx-auto flex max-w-3xl flex-col gap-9 px-6 py-6">
        <Projects />
        <Retention key={project} />
        <Keys />
        <IngestHealth />
        <About />
      </div>
    </div>
  );
}

function About() {
  const { data: info } = useQuery(infoQuery());
  const { secret, signOut } = useKey();
  return (
    <footer className="flex items-center gap-4 border-t border-line pt-4 text-sm text-faint">
      {info && (
        <span>
          Clew {info.version} · OTLP over HTTP on port {info.otlp_http_port}, over gRPC on port {info.otlp_grpc_port} ·{" "}
          {info.auth === "open" ? "open to this machine, no key needed" : "keys are demanded"}
        </span>
      )}
      {secret && (
        <Button look="quiet" className="ml-auto" onClick={signOut}>
          Sign out
        </Button>
      )}
    </footer>
  );
}
