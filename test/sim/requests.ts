import { TracecraftError } from "../../src/errors.ts";
import type { Expect, Page, PutResult, Source, Store, StoredObject } from "../../src/store/store.ts";
import { textOf, wholeSecond, type Applied } from "./bucket.ts";
import type { Process } from "./process.ts";
import type { Sim } from "./sim.ts";
import { putFate, readFate } from "./weather.ts";

/** The bucket as one process reaches it: every request travels, may be lost on either way, and may land when its sender is dead. */
export function requests(sim: Sim, process: Process, who: string): Store {
  const { bucket, time, dice } = sim;
  const { call } = process;
  const storeNow = (): number | undefined => (bucket.traits.tellsTime ? wholeSecond(time.now) : undefined);

  /** Sends something that answers what it reads; the answer is of the moment at which it took effect. */
  function read<Answer>(what: string, key: string, take: () => Answer): Promise<Answer> {
    return new Promise((answer, fail) => {
      if (!process.effect()) return;
      const fate = readFate(dice, sim.weather);
      let taken: Answer;
      if (fate.appliedIn !== undefined) time.in(fate.appliedIn, () => (taken = take()));
      time.in(fate.answeredIn, () => {
        time.note(who, what, fate.kind ? `${key} (${fate.kind})` : key);
        const lost = fate.answer === "doubt";
        process.resume(() =>
          lost ? fail(unreachable(`Cannot read "${key}": connection reset`)) : answer(taken),
        );
      });
    });
  }

  function put(key: string, body: Uint8Array | Source, expect: Expect): Promise<PutResult> {
    if (!(body instanceof Uint8Array)) throw new Error("records only");
    return new Promise((answer) => {
      if (!process.effect()) return;
      const mayBeSlow = expect === "fresh" && key.startsWith("messages/");
      const fate = putFate(dice, sim.weather, mayBeSlow ? sim.visibleLateMs : 0);
      const conditional = typeof expect === "object" || expect === "nothing";
      const noted = fate.notedIn === undefined ? undefined : time.now + fate.notedIn;
      let result: PutResult = { outcome: "refused" };
      const apply = (): void => {
        const applied = bucket.put(key, body, expect, call.id, noted);
        if (applied) time.note(who, "put", `${key} ${applied.version} ${fate.kind}`, () => inWords(applied));
        else time.note(who, "refused", `${key} ${fate.kind}`);
        result = applied
          ? { outcome: "written", version: applied.version, storeNow: storeNow() }
          : { outcome: "refused" };
      };
      if (fate.appliedIn !== undefined) time.in(fate.appliedIn, apply);
      time.in(fate.answeredIn, () => {
        if (fate.answer !== "reply") time.note(who, fate.kind, key);
        const told: PutResult =
          fate.answer === "reply"
            ? result
            : fate.answer === "conflict" && conditional // A 409 says nothing of a put that has no rival.
              ? { outcome: "refused" }
              : {
                  outcome: "unknown",
                  cause: unreachable(`Cannot write "${key}": ${fate.kind}`, fate.httpStatus),
                };
        process.resume(() => answer(told));
      });
      if (fate.againIn !== undefined) time.in(fate.againIn, apply);
    });
  }

  async function* list(prefix: string, after = ""): AsyncGenerator<Page> {
    for (let from = after, first = true; ; first = false) {
      const start = from;
      const page = await read("list", prefix, () => ({
        storeNow: storeNow(),
        objects: bucket.page(prefix, start),
      }));
      if (first || page.objects.length > 0) yield page;
      if (page.objects.length < bucket.traits.pageSize) return;
      from = page.objects.at(-1)!.key;
    }
  }

  return {
    name: "sim:",
    traits: { endpoint: "sim:", bucket: "", prefix: "", server: undefined, conditions: "enforced" },
    get: ((key: string) =>
      read("get", key, (): StoredObject | undefined => {
        const found = bucket.current(key);
        if (!found) return undefined;
        const { body, version, writtenAt } = found;
        const times = bucket.traits.tellsTime
          ? { writtenAt, storeNow: storeNow() }
          : { writtenAt: undefined, storeNow: undefined };
        return { body: body!, version, size: body!.length, ...times };
      })) as Store["get"],
    put,
    list,
    delete: (key) =>
      read("delete", key, () => {
        bucket.remove(key, call.id);
        return undefined;
      }),
  };
}

function unreachable(message: string, httpStatus?: number): TracecraftError {
  return new TracecraftError("unreachable", message, {
    details: httpStatus === undefined ? {} : { http_status: httpStatus },
  });
}

function inWords(applied: Applied): string {
  const record = JSON.parse(textOf(applied)) as Record<string, unknown>;
  const { agent, session, term, state, n } = record;
  if (!applied.key.startsWith("steps/")) return "";
  return `[${String(state ?? record["status"])} by ${String(agent)} ${String(session ?? "")}, term ${String(term)}, n ${String(n)}]`;
}
