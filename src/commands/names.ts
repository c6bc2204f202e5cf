/** A name as it stands on the command line: `nextAction` is `next-action`. */
export function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A positional as usage lines name it: `STEP`, and `STEP...` for one that takes several. */
export function placeName(name: string, many?: boolean): string {
  const upper = kebab(name).toUpperCase();
  return many ? `${upper.replace(/S$/, "")}...` : upper;
}
