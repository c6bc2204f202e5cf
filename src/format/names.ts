import { TracecraftError } from "../errors.ts";

/** The most bytes of a whole key, prefix and project included. */
export const keyLimit = 900;

const name = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const memorySegment = /^[A-Za-z0-9_-]{1,128}$/;
const artifactSegment = /^[A-Za-z0-9_ -][A-Za-z0-9._ -]{0,127}$/;

const nameRule = `1 to 128 of letters, digits, ".", "_", "-", and starts with a letter or digit`;

/** The address that reaches everyone. No agent may have this name. */
export const broadcast = "_broadcast";

/** An agent's id, checked for writing. */
export function agentName(text: string, act = "use"): string {
  if (name.test(text) && text !== broadcast) return text;
  throw refused(act, text, `an agent is ${nameRule}`);
}

/** An agent, or everyone. */
export function recipientName(text: string): string {
  if (text === broadcast) return text;
  if (soundsLikeEveryone(text) && !name.test(text))
    throw new TracecraftError("usage", `Cannot send to "${text}": everyone is ${broadcast}`, {
      hint: `tracecraft send ${broadcast} "…"`,
    });
  return agentName(text, "send to");
}

/** What people call everyone elsewhere. An agent may have some of these names. */
export function soundsLikeEveryone(text: string): boolean {
  return /^(?:@?(?:all|everyone|everybody|channel|here|team|broadcast)|\*)$/i.test(text);
}

export function projectName(text: string): string {
  if (name.test(text)) return text;
  throw refused("use", text, `a project is ${nameRule}`);
}

export function sessionName(text: string): string {
  if (name.test(text)) return text;
  throw refused("use", text, `a session is ${nameRule}`);
}

/** A step as it stands in keys: lower case, "-" for ".", so that `S1.A` and `s1-a` are one step. Checked for writing. */
export function stepId(text: string, act = "claim"): string {
  const id = foldStep(text);
  if (name.test(text) && name.test(id) && id !== "shared") return id;
  throw refused(
    act,
    text,
    id === "shared" ? `"shared" is where artifacts of no step lie` : `a step is ${nameRule}`,
  );
}

/** A step to be read: names that only format 1 allowed pass, unless they could not be a key at all. */
export function stepToRead(text: string): string {
  const id = foldStep(text);
  if (name.test(id) && id !== "shared") return id;
  if (isSafePath(id)) return id;
  throw refused("read", text, `a step is ${nameRule}`);
}

function foldStep(text: string): string {
  return text.toLowerCase().replaceAll(".", "-");
}

/** A memory key in its dotted form; "/" is the same as ".". */
export function memoryKey(text: string, act = "set"): string {
  const segments = text.split(/[./]/);
  if (segments.length <= 16 && segments.every((segment) => memorySegment.test(segment)))
    return segments.join(".");
  throw refused(
    `${act} memory`,
    text,
    `a memory key is 1 to 16 parts of letters, digits, "_", "-", joined by "."`,
  );
}

/** A memory key to be read: names that only format 1 allowed pass. */
export function memoryKeyToRead(text: string, act = "get"): string {
  const path = text.replaceAll(".", "/");
  return isSafePath(path) ? path.replaceAll("/", ".") : memoryKey(text, act);
}

/** An artifact's name: 1 to 8 segments, so that it can be a path below the folder it is downloaded to. */
export function artifactName(text: string, act = "upload"): string {
  if (isArtifactName(text)) return text;
  throw refused(
    act,
    text,
    `an artifact is 1 to 8 names of letters, digits, ".", "_", "-", " ", joined by "/", none starting with "."`,
  );
}

/** Whether a name found in a bucket may become a path on this machine. */
export function isArtifactName(text: string): boolean {
  const segments = text.split("/");
  return segments.length <= 8 && segments.every((segment) => artifactSegment.test(segment));
}

/** Whether a name found in a bucket is one that this format allows to be written. */
export function isName(text: string): boolean {
  return name.test(text);
}

/** Whether a text can stand in a key at all: no empty, "." or ".." segment, no control character, not too long. */
export function isSafePath(text: string): boolean {
  if (
    text === "" ||
    Buffer.byteLength(text) > keyLimit ||
    !text.isWellFormed() ||
    /[\u0000-\u001f\u007f\\]/.test(text)
  )
    return false;
  return text.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..");
}

function refused(act: string, text: string, rule: string): TracecraftError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new TracecraftError("usage", `Cannot ${act} "${shown}": ${rule}`);
}
