import type { Binding } from "./keys";

/** What can be done here besides walking about, the page's own in front: each once, by what it is called. */
export function listCommands(groups: readonly { bindings: readonly Binding[] }[]): Binding[] {
  const named = new Map<string, Binding>();
  for (const { bindings } of groups.toReversed()) {
    for (const binding of bindings) {
      if (binding.command && !named.has(binding.label)) named.set(binding.label, binding);
    }
  }
  return [...named.values()];
}
