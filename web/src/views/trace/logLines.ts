import type { RunLog } from "../../api/types";

/** The first severity number that is an error, by OpenTelemetry's data model. */
const ERROR = 17;
/** More of a body doesn't fit on a line. */
const LINE_CHARS = 300;
const SEVERITIES = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] as const;
const PER_SEVERITY = 4;

/** A log on one line: its body, or what stands for one. */
export function lineOf({ body, event_name, attributes }: RunLog): string {
  const text = typeof body === "string" ? body : body === null ? "" : JSON.stringify(body);
  const said = text || event_name || JSON.stringify(attributes);
  return said.slice(0, LINE_CHARS).replace(/\s+/g, " ").trim();
}

/** What the sender calls it, else the name that its number has. */
export function severityOf({ severity, severity_number }: RunLog): string {
  return severity || (SEVERITIES[Math.floor((severity_number - 1) / PER_SEVERITY)] ?? "");
}

export function isFatal({ severity_number }: RunLog): boolean {
  return severity_number >= ERROR;
}

/** The logs that say every word of the query, in their body, name, severity or attributes. */
export function findLogs(logs: RunLog[], query: string): RunLog[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return logs;
  return logs.filter((log) => {
    const said = JSON.stringify([log.body, log.event_name, severityOf(log), log.attributes]).toLowerCase();
    return words.every((word) => said.includes(word));
  });
}
