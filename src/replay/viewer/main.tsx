import { openSource } from "../decode.ts";
import type { Source } from "../page.ts";
import { live } from "./model.ts";
import { grow, start } from "./start.tsx";

/** Waits until the parser has come to a tag: the bodies stand last, and the app starts before they are here. */
function tag(name: string): Promise<Element> {
  return new Promise((resolve, reject) => {
    const look = (last: boolean) => {
      const element = document.getElementById(name);
      // A tag is whole once something follows it, or the document is.
      if (element && (last || element.nextElementSibling)) resolve(element);
      else if (last) reject(new Error(`no tag ${name}`));
      return element !== null;
    };
    if (document.readyState !== "loading") {
      look(true);
      return;
    }
    if (document.getElementById(name)?.nextElementSibling) look(false);
    else document.addEventListener("DOMContentLoaded", () => look(true), { once: true });
  });
}

/** The bytes of a tag of this page: base64, as text in a script that is none. */
async function readTag(name: string): Promise<Uint8Array> {
  const text = atob((await tag(name)).textContent.trim());
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

function fail(error: unknown): void {
  const root = document.getElementById("app");
  if (!root) return;
  const said = error instanceof Error ? error.message : String(error);
  root.textContent = `This page cannot be shown: ${said}`;
}

/** Where a server has the blocks, as `<meta name="tracecraft-blocks" content="blocks/">` says. */
const served = document.querySelector<HTMLMetaElement>('meta[name="tracecraft-blocks"]')?.content;

async function fetched(path: string): Promise<Response> {
  const answer = await fetch(`${served}${path}`, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer;
}

/** The data as it is now; what is read of it later belongs to the same state of the bucket. */
async function read(): Promise<Source> {
  if (served === undefined) return openSource(readTag);
  const generation = await (await fetched("current")).text();
  return openSource(
    async (name) => new Uint8Array(await (await fetched(`${generation}/${name}`)).arrayBuffer()),
  );
}

/** A page from a server reads its data again when the server says that the bucket has grown. */
function follow(events: string): void {
  live.value = true;
  const stream = new EventSource(events);
  let reading = false;
  let again = false;
  const take = async (): Promise<void> => {
    again = reading;
    if (reading) return; // What comes meanwhile is looked at once this is done.
    reading = true;
    try {
      grow(await read());
    } finally {
      reading = false;
    }
    if (again) await take();
  };
  stream.addEventListener("message", () => void take().catch(() => (live.value = false)));
  stream.addEventListener("error", () => (live.value = false));
  stream.addEventListener("open", () => (live.value = true));
}

const events = document.querySelector<HTMLMetaElement>('meta[name="tracecraft-events"]')?.content;
read()
  .then(start)
  .then(() => events !== undefined && follow(events))
  .catch(fail);
