/** What of a run is shown; its timeline where the URL names none of these. */
export const VIEWS = ["timeline", "graph", "conversation", "context", "repeats", "scores", "logs", "raw"] as const;

export type RunView = (typeof VIEWS)[number];

/** Where in a run one is, as it stands in the URL. */
export interface RunPlace {
  span?: string;
  tab?: string;
  view?: RunView;
  /** The part of the time axis in view, in microseconds: "1200-5600". */
  zoom?: string;
}

export function validateRunSearch(search: Record<string, unknown>): RunPlace {
  const place: RunPlace = {};
  for (const name of ["span", "tab"] as const) {
    const value = search[name];
    if (typeof value === "string" && value !== "") place[name] = value;
  }
  const view = VIEWS.find((name) => name === search["view"]);
  if (view !== undefined && view !== "timeline") place.view = view;
  if (typeof search["zoom"] === "string" && ZOOM.test(search["zoom"])) place.zoom = search["zoom"];
  return place;
}

const ZOOM = /^(\d+)-(\d+)$/;

/** The two ends of a zoom in the URL; undefined where it is none. */
export function readZoom(zoom: string | undefined): { from_us: number; to_us: number } | undefined {
  const found = ZOOM.exec(zoom ?? "");
  if (!found) return undefined;
  const [from_us, to_us] = [Number(found[1]), Number(found[2])];
  return from_us < to_us ? { from_us, to_us } : undefined;
}
