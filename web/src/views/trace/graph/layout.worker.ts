/** Lays graphs out beside the page: one of hundreds of steps takes seconds. */
import type { Graph } from "../../../trace/graph";
import { layOut } from "./layout";

addEventListener("message", ({ data }: MessageEvent<Graph>) => postMessage(layOut(data)));
