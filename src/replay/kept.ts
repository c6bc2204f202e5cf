import { dirname } from "node:path";
import type { Found } from "../coord/update.ts";
import type { Manifest } from "../sessions/manifest-record.ts";
import { bodiesInto, type Bodies } from "./bodies.ts";
import { openBlocksFile, type BlocksFile } from "./blocks-file.ts";
import type { Header } from "./page.ts";
import type { KeptRecords } from "./read.ts";
import { openReadings, type Readings } from "./readings.ts";
import { names, type Names } from "./transcript.ts";

/** What was read of a bucket for a page, and need not be read again for the next. */
export interface Kept {
  readonly texts: BlocksFile;
  readonly bodies: Bodies | undefined;
  readonly readings: Readings;
  readonly tools: Names;
  readonly models: Names;
  readonly records: KeptRecords;
  readonly manifests: Map<string, Found<Manifest>>;
  /** The folder of it. */
  readonly place: string;
  close(): Promise<void>;
}

/** Nothing yet, in temporary files that are gone when it is closed. */
export async function openKept(bodies: Header["bodies"]): Promise<Kept> {
  const texts = await openBlocksFile();
  try {
    const path = texts.path("session");
    const readings = await openReadings(path);
    return {
      texts,
      bodies: bodies === "full" ? bodiesInto(texts) : undefined,
      readings,
      tools: names(),
      models: names(),
      records: new Map(),
      manifests: new Map(),
      place: dirname(path),
      async close() {
        await readings.close();
        await texts.close();
      },
    };
  } catch (error) {
    await texts.close();
    throw error;
  }
}
