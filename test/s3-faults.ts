/** What goes wrong with one request. */
export type Fault =
  /** The connection breaks before the request has any effect. */
  | { readonly kind: "lose-request" }
  /** The request has its effect, then the connection breaks. */
  | { readonly kind: "lose-reply" }
  /** This status instead of the effect, or after it. */
  | { readonly kind: "status"; readonly status: number; readonly code?: string; readonly after?: boolean }
  /** The effect and the reply come later. */
  | { readonly kind: "slow"; readonly ms: number }
  /** No effect, and no answer ever. */
  | { readonly kind: "silent" }
  /** Half of the reply's body, then the connection breaks. */
  | { readonly kind: "cut-body" }
  /** Another reply altogether, without the effect. */
  | {
      readonly kind: "reply";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    };

/** A request as a plan sees it, and as it stands in the log. */
export interface Seen {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export type Plan = (seen: Seen) => Fault | undefined;

/** A fault as data, for a server in another process. */
export interface FaultRule {
  readonly method?: string;
  /** A regular expression on the key. */
  readonly key?: string;
  /** How many matching requests go by first (0), and how many it then hits (1). */
  readonly skip?: number;
  readonly times?: number;
  readonly fault: Fault;
}

/** The rules in order; each request takes the first that is due. */
export function planOf(rules: readonly FaultRule[]): Plan {
  const left = rules.map(({ skip = 0, times = 1, ...rule }) => ({ ...rule, skip, times }));
  return ({ method, key }) => {
    for (const rule of left) {
      if (rule.method !== undefined && rule.method !== method) continue;
      if (rule.key !== undefined && !new RegExp(rule.key).test(key)) continue;
      if (rule.skip > 0) {
        rule.skip--;
        continue;
      }
      if (rule.times-- > 0) return rule.fault;
    }
    return undefined;
  };
}

/** `rate` of all requests fail, each in a way drawn from the seed. The same seed draws the same row. */
export function seededPlan(seed: number, rate: number): Plan {
  let state = seed >>> 0 || 1;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const faults: readonly Fault[] = [
    { kind: "lose-request" },
    { kind: "lose-reply" },
    { kind: "status", status: 500 },
    { kind: "status", status: 500, after: true },
    { kind: "status", status: 503, code: "SlowDown" },
    { kind: "status", status: 429, code: "TooManyRequests" },
    { kind: "slow", ms: 5 },
  ];
  return (seen) => {
    if (random() >= rate) return undefined;
    const fault = faults[Math.floor(random() * faults.length)];
    const conflict = seen.method === "PUT" && random() < 0.1;
    return conflict ? { kind: "status", status: 409, code: "ConditionalRequestConflict" } : fault;
  };
}
