/** Hues of agents beside the first one, told apart by their names. */
const HUES = ["--kind-retrieval", "--kind-tool", "--kind-guardrail", "--kind-human", "--kind-llm"];

/** The colour of an agent: the same wherever its name stands. The outermost has that of all agents. */
export function agentColor(name: string, depth: number): string {
  if (depth === 0) return "var(--kind-agent)";
  let sum = 0;
  for (let k = 0; k < name.length; k++) sum = (sum * 31 + name.charCodeAt(k)) % 997;
  return `var(${HUES[sum % HUES.length]})`;
}
