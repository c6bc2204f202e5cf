import type { AxisMode } from "./model.ts";
import { axisMode, now, playing, source, speed, speeds } from "./model.ts";
import type { Jump } from "./jump.ts";
import { step } from "./jump.ts";
import { summary } from "./summary.ts";
import { clock, day, long } from "./words.ts";

const axes: readonly (readonly [AxisMode, string])[] = [
  ["real", "Real"],
  ["compressed", "Compressed"],
  ["sequence", "Sequence"],
];

/** The three axes, as buttons. */
function Axes() {
  return (
    <div class="seg axes" role="group" aria-label="Axis">
      {axes.map(([mode, word]) => (
        <button
          type="button"
          key={mode}
          aria-pressed={axisMode.value === mode}
          onClick={() => (axisMode.value = mode)}
        >
          {word}
        </button>
      ))}
    </div>
  );
}

function Icon({ path, label, main, run }: { path: string; label: string; main?: boolean; run: () => void }) {
  return (
    <button type="button" class={main ? "ib main" : "ib"} aria-label={label} title={label} onClick={run}>
      <svg width={14} height={14} viewBox="0 0 14 14" aria-hidden="true">
        <path d={path} fill="currentColor" />
      </svg>
    </button>
  );
}

const playPath = "M3 1.5v11l9-5.5z";
const pausePath = "M2.5 2h3v10h-3zM8.5 2h3v10h-3z";

function Next() {
  const jumps: readonly (readonly [string, Jump])[] = summary.value?.solo
    ? [
        ["p", "prompt"],
        ["e", "error"],
      ]
    : [
        ["c", "claim"],
        ["m", "message"],
        ["e", "error"],
        ["h", "handoff"],
        ["x", "conflict"],
      ];
  return (
    <span class="jump wide push">
      Next
      {jumps.map(([key, jump]) => (
        <button type="button" key={jump} onClick={(event) => void step(jump, event.shiftKey ? -1 : 1)}>
          <kbd>{key}</kbd>
          {jump}
        </button>
      ))}
    </span>
  );
}

/** Back, play, on; the time of T; how fast; what next; which axis. */
export function Transport() {
  const header = source.value?.header;
  if (!header) return null;
  const days = day(header.from) !== day(header.to);
  const index = speeds.findIndex((one) => one === speed.value);
  return (
    <div class="play" role="group" aria-label="Transport">
      <Icon path="M2 2h2v10H2zM12 1.5v11L5 7z" label="Previous event" run={() => void step("event", -1)} />
      <Icon
        path={playing.value ? pausePath : playPath}
        label={playing.value ? "Pause" : "Play"}
        main
        run={() => (playing.value = !playing.value)}
      />
      <Icon path="M10 2h2v10h-2zM2 1.5v11L9 7z" label="Next event" run={() => void step("event", 1)} />
      <span class="t">{clock(now.value)}</span>
      <span class="dim mid">
        {days && `${day(now.value).slice(0, -5)} `}UTC, {long(now.value - header.from)} in
      </span>
      <div class="seg mid" role="group" aria-label="Speed">
        {speeds.map((each) => (
          <button
            type="button"
            key={each}
            aria-pressed={speed.value === each}
            onClick={() => (speed.value = each)}
          >
            {each === 50 ? "50×" : each}
          </button>
        ))}
      </div>
      <Next />
      <span class="mid faint axis-word">Axis</span>
      <Axes />
      <button
        type="button"
        class="touch ib dim"
        aria-label={`${speed.value}×, change the speed`}
        onClick={() => (speed.value = speeds[(index + 1) % speeds.length] ?? 10)}
      >
        {speed.value}×
      </button>
    </div>
  );
}
