import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { ArrowRight, CornerDownLeft, FolderOpen, Hash, ListTree, MessagesSquare, Search, Settings } from "lucide-react";
import { type ReactNode, useState } from "react";
import { projectsQuery } from "../../api/queries";
import { listCommands } from "../../ui/commands";
import { type Binding, useKeyMap } from "../../ui/keys";
import { keepScope, useProject } from "./scope";

/** Do what the page offers, or jump to a page, a project, a run by its id, or into the contents of runs. */
export default function Palette({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const project = useProject();
  const navigate = useNavigate();
  const { data: projects = [] } = useQuery(projectsQuery());
  const [text, setText] = useState("");
  const typed = text.trim();
  // The dialog gives the focus back on its way out; what takes the focus comes after that.
  const perform = ({ run }: Binding) => {
    onOpenChange(false);
    requestAnimationFrame(() => setTimeout(run));
  };
  const go = (jump: () => Promise<void>) => {
    onOpenChange(false);
    void jump();
  };
  const groups = useKeyMap((state) => state.groups);
  const commands = listCommands(groups);
  const params = { project };

  return (
    <Command.Dialog
      open={open}
      onOpenChange={onOpenChange}
      label="Search or jump"
      overlayClassName="fixed inset-0 z-40 bg-shade"
      contentClassName="fixed top-[14vh] left-1/2 z-50 w-[560px] max-w-[calc(100vw-32px)] -translate-x-1/2 overflow-hidden rounded-lg border border-line bg-raised shadow-pop"
      data-testid="palette"
    >
      <Command.Input
        value={text}
        onValueChange={setText}
        placeholder="A command, a page, a project, a trace id, or words to search for"
        className="h-11 w-full border-b border-line bg-transparent px-4 text-lg outline-none placeholder:text-faint"
      />
      <Command.List className="max-h-80 overflow-auto p-1.5">
        {commands.length > 0 && (
          <Command.Group heading="On this page">
            {commands.map((binding) => (
              <Item key={binding.label} value={binding.label} icon={<CornerDownLeft size={14} />} keys={binding.keys} onSelect={() => perform(binding)}>
                {binding.label}
              </Item>
            ))}
          </Command.Group>
        )}
        <Command.Group heading="Pages">
          <Item value="runs" icon={<ListTree size={14} />} onSelect={() => go(() => navigate({ to: "/projects/$project/runs", params, search: true }))}>
            Runs
          </Item>
          <Item value="sessions" icon={<MessagesSquare size={14} />} onSelect={() => go(() => navigate({ to: "/projects/$project/sessions", params, search: true }))}>
            Sessions
          </Item>
          <Item value="search" icon={<Search size={14} />} onSelect={() => go(() => navigate({ to: "/projects/$project/search", params, search: true }))}>
            Search
          </Item>
          <Item value="settings" icon={<Settings size={14} />} onSelect={() => go(() => navigate({ to: "/projects/$project/settings", params, search: true }))}>
            Settings
          </Item>
        </Command.Group>
        <Command.Group heading="Projects">
          {projects.map(({ name }) => (
            <Item key={name} value={`project ${name}`} icon={<FolderOpen size={14} />} onSelect={() => go(() => navigate({ to: "/projects/$project/runs", params: { project: name }, search: {} }))}>
              {name}
            </Item>
          ))}
        </Command.Group>
        {typed !== "" && (
          <Command.Group forceMount>
            {looksLikeId(typed) && (
              <Item value={`run ${typed}`} icon={<Hash size={14} />} onSelect={() => go(() => navigate({ to: "/projects/$project/runs/$traceId", params: { project, traceId: typed }, search: keepScope }))}>
                Open run <span className="font-mono text-sm">{typed}</span>
              </Item>
            )}
            <Item value={`search ${typed}`} icon={<Search size={14} />} onSelect={() => go(() => navigate({ to: "/projects/$project/search", params, search: { q: typed } }))}>
              Search contents for “{typed}”
            </Item>
            <Item value={`filter ${typed}`} icon={<ListTree size={14} />} onSelect={() => go(() => navigate({ to: "/projects/$project/runs", params, search: { filter: typed } }))}>
              Filter runs by <span className="font-mono text-sm">{typed}</span>
            </Item>
          </Command.Group>
        )}
      </Command.List>
    </Command.Dialog>
  );
}

function Item({ value, icon, keys, onSelect, children }: { value: string; icon: ReactNode; keys?: string; onSelect: () => void; children: ReactNode }) {
  return (
    <Command.Item
      value={value}
      onSelect={onSelect}
      className="group flex h-8 items-center gap-2.5 rounded-md px-2.5 text-muted select-none data-[selected=true]:bg-hover data-[selected=true]:text-text"
    >
      <span className="text-faint">{icon}</span>
      <span className="min-w-0 flex-1 truncate">{children}</span>
      {keys && <kbd className="kbd">{keys}</kbd>}
      <ArrowRight size={13} className="invisible text-faint group-data-[selected=true]:visible" />
    </Command.Item>
  );
}

/** Ids are hex for OTLP senders; others choose their own, without spaces. */
function looksLikeId(text: string): boolean {
  return /^[\w.:-]{6,128}$/.test(text) && /\d/.test(text);
}
