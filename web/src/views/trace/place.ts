/** Where in a run one is, as it stands in the URL. */
export interface RunPlace {
  span?: string;
  tab?: string;
  /** What of the run is shown; its timeline where this is left out. */
  view?: "logs";
}

export function validateRunSearch(search: Record<string, unknown>): RunPlace {
  const place: RunPlace = {};
  if (typeof search["span"] === "string" && search["span"] !== "") place.span = search["span"];
  if (typeof search["tab"] === "string" && search["tab"] !== "") place.tab = search["tab"];
  if (search["view"] === "logs") place.view = "logs";
  return place;
}
