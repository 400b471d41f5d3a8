/** How numbers, money, durations and moments read: short on the page, exact on hover. */

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const exact = new Intl.NumberFormat("en-US", { maximumFractionDigits: 12 });

/** Made once: making one takes a hundred times as long as using it, and each row of a list has one. */
const instant = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

/** What stands where nothing is known. */
export const UNKNOWN = "–";

/** 1,284 */
export function formatCount(n: number): string {
  return whole.format(n);
}

/** 1 step · 2 steps · 1,284 runs */
export function formatOf(n: number, one: string, many = `${one}s`): string {
  return `${formatCount(n)} ${n === 1 ? one : many}`;
}

/** 950 · 9.1k · 88k · 1.2M, to hold a column narrow. */
export function formatShort(n: number): string {
  if (Math.abs(n) < 1000) return whole.format(n);
  for (const [unit, size] of [["k", 1e3], ["M", 1e6], ["G", 1e9]] as const) {
    const scaled = n / size;
    if (Math.abs(scaled) < 999.5 || unit === "G") return `${Math.abs(scaled) < 99.95 ? trim(scaled.toFixed(1)) : whole.format(scaled)}${unit}`;
  }
  return whole.format(n);
}

/** Every digit there is. */
export function formatExact(n: number): string {
  return exact.format(n);
}

/** $41.20 · $0.031 · $0.00042: two digits that matter. */
export function formatUsd(usd: number): string {
  if (usd === 0) return "$0";
  const size = Math.abs(usd);
  if (size >= 1000) return `$${whole.format(usd)}`;
  if (size >= 1) return `$${usd.toFixed(2)}`;
  if (size >= 0.01) return `$${usd.toFixed(3)}`;
  if (size < 1e-7) return "<$0.0000001";
  return `$${usd.toFixed(Math.min(8, 1 - Math.floor(Math.log10(size))))}`;
}

/** 340 µs · 340 ms · 8.2 s · 61 s · 2 m 05 s · 3 h 12 m · 2 d 4 h */
export function formatDuration(us: number): string {
  if (us < 1000) return `${Math.round(us)} µs`;
  const ms = us / 1000;
  if (ms < 10) return `${trim(ms.toFixed(1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 9.95) return `${trim(s.toFixed(1))} s`;
  if (s < 99.5) return `${Math.round(s)} s`;
  const minutes = Math.round(s) / 60;
  if (minutes < 60) return `${Math.floor(minutes)} m ${pad(Math.round(s) % 60)} s`;
  const hours = Math.round(s / 60) / 60;
  if (hours < 48) return `${Math.floor(hours)} h ${pad(Math.round(s / 60) % 60)} m`;
  return `${Math.floor(hours / 24)} d ${Math.floor(hours % 24)} h`;
}

/** A moment on a time axis, as exact as the step from one tick to the next: 28.5 s · 2 m · 1 h 30 m */
export function formatTick(us: number, step_us: number): string {
  if (us === 0) return "0";
  if (us >= 60e6 && step_us >= 1e6) return formatClock(Math.round(us / 1e6));
  const [unit, size] = us >= 1e6 ? ["s", 1e6] as const : us >= 1e3 ? ["ms", 1e3] as const : ["µs", 1] as const;
  const digits = Math.max(0, Math.ceil(-Math.log10(step_us / size) - 1e-9));
  return `${(us / size).toFixed(digits)} ${unit}`;
}

/** Hours, minutes and seconds, of which those that are 0 are left out. */
function formatClock(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  return parts
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(" ");
}

/** A duration with every digit: 8,200.4 ms */
export function formatExactDuration(us: number): string {
  return `${exact.format(us / 1000)} ms`;
}

/** 6.1% */
export function formatPercent(share: number): string {
  const percent = share * 100;
  return `${percent !== 0 && percent < 10 ? trim(percent.toFixed(1)) : Math.round(percent)}%`;
}

/** 340 B · 12.4 kB · 3.1 MB */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const unit = bytes < 1e6 ? "kB" : "MB";
  return `${trim((bytes / (unit === "kB" ? 1e3 : 1e6)).toFixed(1))} ${unit}`;
}

/** 14:02:11 today, Nov 22 14:02 this year, else 2025-11-22 14:02. */
export function formatMoment(iso: string, now: Date = new Date()): string {
  const at = new Date(iso);
  const clock = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  if (at.toDateString() === now.toDateString()) return `${clock}:${pad(at.getSeconds())}`;
  if (at.getFullYear() !== now.getFullYear()) return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${clock}`;
  return `${MONTHS[at.getMonth()]} ${at.getDate()} ${clock}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "3 m ago" under a day, else the date. */
export function formatAgo(iso: string, now: Date = new Date()): string {
  const s = (now.getTime() - new Date(iso).getTime()) / 1000;
  if (s < 5) return "now";
  if (s < 60) return `${Math.floor(s)} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} m ago`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`;
  return formatMoment(iso, now);
}

/** The instant as it was sent, and what the reader's clock showed. */
export function formatInstant(iso: string): string {
  return `${instant.format(new Date(iso))}\n${iso}`;
}

/** `RateLimitError` of `openai.RateLimitError`: the end of a type says what it is. */
export function lastPart(type: string): string {
  return type.slice(type.lastIndexOf(".") + 1) || type;
}

/** 4bf92f35 */
export function shortId(id: string): string {
  return id.length > 12 ? id.slice(0, 8) : id;
}

function trim(text: string): string {
  return text.replace(/\.0$/, "");
}

function pad(n: number): string {
  return String(n).padStart(2, "0");
}
