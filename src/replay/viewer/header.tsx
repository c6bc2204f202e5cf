import type { Sum } from "./summary.ts";
import { summary } from "./summary.ts";
import type { Theme } from "./model.ts";
import { live, source, theme } from "./model.ts";
import { counted, dollars, short, span, whole } from "./words.ts";

function Total({
  count,
  word,
  only = "",
  title,
}: {
  count: string;
  word: string;
  only?: string;
  title?: string | undefined;
}) {
  return (
    <span class={only} title={title}>
      <b>{count}</b> {word}
    </span>
  );
}

/** What was redacted while the page was made, by rule. */
function rules(redacted: Readonly<Record<string, number>>): string | undefined {
  const said = Object.entries(redacted).map(([rule, count]) => `${rule} ${whole(count)}`);
  return said.length > 0 ? said.slice(0, 40).join(", ") : undefined;
}

/** What all of it cost; what has no price stands beside it in tokens. */
export function Cost({ sum, rest = "" }: { sum: Sum; rest?: string }) {
  if (sum.tokens === 0) return null;
  const unpriced = sum.unpricedTokens > 0 ? `${short(sum.unpricedTokens)} unpriced` : "";
  if (!sum.priced) return <span>{unpriced}</span>;
  return (
    <span>
      <b>{dollars(sum.usd)}</b>
      {unpriced !== "" && <span class={rest}> + {unpriced}</span>}
    </span>
  );
}

const themes: readonly (readonly [Theme, string])[] = [
  ["system", "System"],
  ["light", "Light"],
  ["dark", "Dark"],
];

/** On narrow pages the three are one button that goes round. */
function Themes() {
  const chosen = themes.findIndex(([name]) => name === theme.value);
  const next = () => (theme.value = themes[(chosen + 1) % themes.length]?.[0] ?? "system");
  return (
    <>
      <div class="seg theme mid" role="group" aria-label="Colours">
        {themes.map(([name, word]) => (
          <button
            type="button"
            key={name}
            aria-pressed={theme.value === name}
            onClick={() => (theme.value = name)}
          >
            {word}
          </button>
        ))}
      </div>
      <button
        type="button"
        class="theme-one touch"
        aria-label={`${themes[chosen]?.[1] ?? "System"}, change the colours`}
        onClick={next}
      >
        {themes[chosen]?.[1]}
      </button>
    </>
  );
}

/** Who, where, when, and how much of it. */
export function Header() {
  const from = source.value;
  const sum = summary.value;
  if (!from || !sum) return <header class="head" />;
  const { header } = from;
  const subs = sum.subagents > 0 ? `, ${counted(sum.subagents, "sub-agent")}` : "";
  return (
    <header class="head">
      <h1>{header.project}</h1>
      <span class="where wide mono">{header.store}</span>
      <span class="where mid">{header.events === 0 ? "no events yet" : span(header.from, header.to)}</span>
      {live.value && <span class="where mid">live</span>}
      {header.events > 0 && (
        <div class="totals">
          {sum.solo ? (
            <Total
              count={whole(sum.sessions)}
              word={sum.sessions === 1 ? "session" : "sessions"}
              only="mid"
            />
          ) : (
            <Total
              count={whole(sum.agents)}
              word={`${sum.agents === 1 ? "agent" : "agents"}${subs}`}
              only="wide"
            />
          )}
          {sum.solo && sum.subagents > 0 && (
            <Total
              count={whole(sum.subagents)}
              word={sum.subagents === 1 ? "sub-agent" : "sub-agents"}
              only="mid"
            />
          )}
          {sum.steps.length > 0 && (
            <Total
              count={whole(sum.steps.length)}
              word={sum.steps.length === 1 ? "step" : "steps"}
              only="wide"
            />
          )}
          {sum.messages > 0 && (
            <Total
              count={whole(sum.messages)}
              word={sum.messages === 1 ? "message" : "messages"}
              only="mid"
            />
          )}
          <Total count={whole(header.events)} word="events" only="mid" />
          {sum.all.tokens > 0 && <Total count={short(sum.all.tokens)} word="tokens" only="mid" />}
          <Cost sum={sum.all} rest="more1" />
          <Total
            count={whole(sum.redactions)}
            word={sum.redactions === 1 ? "redaction" : "redactions"}
            only="wide"
            title={rules(header.redacted)}
          />
        </div>
      )}
      <Themes />
    </header>
  );
}
