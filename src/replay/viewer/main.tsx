import { openSource } from "../decode.ts";
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

/** Where a server has the blocks, as `<meta name="tracecraft-blocks" content="blocks/">` says: what no tag holds is asked for. */
const served = document.querySelector<HTMLMetaElement>('meta[name="tracecraft-blocks"]')?.content;

async function readServed(name: string): Promise<Uint8Array> {
  if (served === undefined || document.getElementById(name)) return readTag(name);
  const answer = await fetch(`${served}${encodeURIComponent(name)}`, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

const read = () => openSource(served === undefined ? readTag : readServed);

/** A page from a server reads its data again when the server says that the bucket has grown. */
function follow(events: string): void {
  live.value = true;
  const stream = new EventSource(events);
  let reading = false;
  stream.addEventListener("message", () => {
    if (reading) return;
    reading = true;
    read().then(
      (next) => {
        reading = false;
        grow(next);
      },
      () => (reading = false),
    );
  });
  stream.addEventListener("error", () => (live.value = false));
  stream.addEventListener("open", () => (live.value = true));
}

const events = document.querySelector<HTMLMetaElement>('meta[name="tracecraft-events"]')?.content;
read()
  .then(start)
  .then(() => events !== undefined && follow(events))
  .catch(fail);
