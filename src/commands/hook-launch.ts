import { readLocal } from "../coord/local.ts";
import type { Machine } from "./machine.ts";

const digits = 12;

/**
 * Starts this program detached, unless what was started under this name still runs. A name is a row of numbered
 * entries: whoever makes the next number starts it, so of any number of callers one does. A process counts as running
 * while its life does: a number that was given away again, another boot, or one killed and not reaped does not.
 */
export function launchOnce(machine: Machine, name: string, words: readonly string[]): boolean {
  const { local } = machine;
  const prefix = `running/${name}/`;
  const numbers = (): number[] => local.names(prefix).map((entry) => Number(entry.slice(prefix.length)));
  const nameOf = (number: number): string => prefix + String(number).padStart(digits, "0");

  const last = Math.max(0, ...numbers());
  const life = readLocal<{ life: string }>(local, nameOf(last))?.life;
  if (typeof life === "string" && machine.lives(life)) return false;
  const own = nameOf(last + 1);
  const mine = { life: machine.ownLife() ?? "" };
  if (local.create(own, mine) !== mine) return false;
  if (Math.max(...numbers()) > last + 1) {
    local.remove(own); // Others were here meanwhile, and cleaned up behind them.
    return false;
  }
  const child = machine.launch(words);
  local.write(own, { life: child ?? "" });
  for (const number of numbers()) if (number <= last) local.remove(nameOf(number));
  return child !== undefined;
}
