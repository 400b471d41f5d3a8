import { Link } from "@tanstack/react-router";
import { ListTree, type LucideIcon, MessagesSquare, PanelLeft, Search, Settings } from "lucide-react";
import { useState } from "react";
import { IconButton } from "../../ui/Button";
import { Mark } from "./Mark";
import { keepRange, useProject } from "./scope";

const STORAGE = "clew.rail";

const SECTIONS = [
  { to: "/projects/$project/runs", label: "Runs", icon: ListTree },
  { to: "/projects/$project/sessions", label: "Sessions", icon: MessagesSquare },
  { to: "/projects/$project/search", label: "Search", icon: Search },
] as const;

/** The sections of a project; folds to icons, and always does on a narrow window. */
export function Rail() {
  const [wide, setWide] = useState(() => localStorage.getItem(STORAGE) !== "narrow");
  const toggle = () => {
    localStorage.setItem(STORAGE, wide ? "narrow" : "wide");
    setWide(!wide);
  };
  return (
    <nav
      aria-label="Sections"
      data-wide={wide}
      className="group/rail flex w-11 shrink-0 flex-col gap-0.5 border-r border-line bg-sunken p-1.5 min-[1100px]:data-[wide=true]:w-38"
    >
      <div className="mb-2 flex h-8 items-center gap-2 px-1.5 text-lg font-semibold tracking-tight">
        <Mark />
        <span className="rail-word">Clew</span>
      </div>
      {SECTIONS.map((section) => (
        <RailLink key={section.to} {...section} />
      ))}
      <div className="flex-1" />
      <RailLink to="/projects/$project/settings" label="Settings" icon={Settings} />
      <IconButton label={wide ? "Fold the sections" : "Unfold the sections"} onClick={toggle} className="mx-1 hidden min-[1100px]:inline-flex">
        <PanelLeft size={15} />
      </IconButton>
    </nav>
  );
}

function RailLink({ to, label, icon: Icon }: { to: (typeof SECTIONS)[number]["to"] | "/projects/$project/settings"; label: string; icon: LucideIcon }) {
  const project = useProject();
  return (
    <Link
      to={to}
      params={{ project }}
      search={keepRange}
      title={label}
      className="flex h-7 items-center gap-2.5 rounded-md px-2 text-muted transition-colors hover:bg-hover hover:text-text data-[status=active]:bg-active data-[status=active]:text-text"
      activeOptions={{ includeSearch: false }}
    >
      <Icon size={15} className="shrink-0" />
      <span className="rail-word font-medium">{label}</span>
    </Link>
  );
}
