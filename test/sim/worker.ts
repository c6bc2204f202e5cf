import { parentPort, workerData } from "node:worker_threads";
import { replay, runHistories } from "./run.ts";

/** What a thread is asked to do: some seeds, or one with its trace. */
export type Job =
  | { readonly from: number; readonly count: number; readonly stride: number; readonly until: number }
  | { readonly replay: number };

const job = workerData as Job;
if (!("replay" in job)) Error.stackTraceLimit = 0; // Errors that are answers are made by the million.
const answer = "replay" in job ? await replay(job.replay) : await runHistories(job.from, job.count, job);
parentPort?.postMessage(answer, []);
