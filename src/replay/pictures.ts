import { fieldsOf, textOr, type HarnessEvent } from "../harness/events.ts";
import { valuesOf } from "../harness/json-values.ts";

/** A picture of a transcript: as a data: URL, which a page shows without asking anybody. */
export interface Picture {
  /** The call whose result it is of; undefined for one that a user gave. */
  readonly call: string | undefined;
  /** Absent for one that is larger than a page keeps. */
  readonly url: string | undefined;
  /** What it is and how large, for lists. */
  readonly words: string;
}

/** Characters of a data: URL: about 3 MiB of a picture. */
const urlMost = 4 * 1024 * 1024;
const picturesMost = 50;
const deepest = 12;
const marks = [Buffer.from("base64"), Buffer.from('image"')] as const;
const typed = /^image\/(?:png|jpeg|gif|webp)$/;
const url = /^data:(image\/(?:png|jpeg|gif|webp));base64,/;
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * The pictures of one line, in its order: blocks `image` with a base64 source, as Claude Code and Pi write them, and
 * `input_image` with a data: URL, as Codex does. An address of any other sort is none, for it would have to be fetched.
 */
export function picturesIn(line: Buffer): Picture[] {
  if (!marks.every((mark) => line.includes(mark))) return [];
  const found: Picture[] = [];
  const look = (value: unknown, call: string | undefined, depth: number): void => {
    if (typeof value !== "object" || value === null || depth > deepest || found.length >= picturesMost)
      return;
    if (Array.isArray(value)) return value.forEach((one) => look(one, call, depth + 1));
    const fields = fieldsOf(value);
    const picture = pictureOf(fields);
    if (picture) return void found.push({ call, ...picture });
    const own = textOr(fields["tool_use_id"], textOr(fields["call_id"], call));
    for (const [name, inner] of Object.entries(fields))
      if (name !== "toolUseResult" && name !== "input") look(inner, own, depth + 1); // The same once more.
  };
  for (const value of valuesOf(line) ?? []) look(value, undefined, 0);
  return found;
}

function pictureOf(block: Readonly<Record<string, unknown>>): Omit<Picture, "call"> | undefined {
  if (block["type"] !== "image" && block["type"] !== "input_image") return undefined;
  const source = fieldsOf(block["source"]);
  const data = textOr(source["data"], textOr(block["data"], ""));
  const type = textOr(source["media_type"], textOr(block["mimeType"], ""));
  const address = textOr(block["image_url"], textOr(fieldsOf(block["image_url"])["url"], ""));
  if (typed.test(type) && data !== "") return told(type, `data:${type};base64,${data}`);
  const [, inAddress] = url.exec(address) ?? [];
  return inAddress === undefined ? undefined : told(inAddress, address);
}

function told(type: string, address: string): Omit<Picture, "call"> | undefined {
  const data = address.slice(address.indexOf(",") + 1);
  const words = `picture, ${type.slice("image/".length)}, ${Math.ceil((data.length * 3) / 4096)} KiB`;
  if (address.length > urlMost) return { url: undefined, words: `${words}: too large for a page` };
  return base64.test(data) ? { url: address, words } : undefined;
}

/** Whether an event says nothing but that there is a picture, so that the picture may stand in its place. */
export function isPictureOnly(event: HarnessEvent): boolean {
  return (event.type === "prompt" || event.type === "result") && /^(?:\[\d+ images\])?$/.test(event.text);
}

/** Takes the first picture that is of the event out of the list. */
export function takePicture(event: HarnessEvent, pictures: Picture[]): Picture | undefined {
  const call = event.type === "result" ? event.call : undefined;
  const at = isPictureOnly(event) ? pictures.findIndex((picture) => picture.call === call) : -1;
  return at < 0 ? undefined : pictures.splice(at, 1)[0];
}

/** The event that a picture has where other words stand beside it. */
export function eventOfPicture({ call }: Picture, beside: HarnessEvent | undefined): HarnessEvent {
  const from = {
    ...(beside?.at !== undefined && { at: beside.at }),
    ...(beside?.agent !== undefined && { agent: beside.agent }),
  };
  return call === undefined
    ? { ...from, type: "prompt", text: "", images: 1 }
    : { ...from, type: "result", call, text: "" };
}
