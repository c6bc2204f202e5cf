const latest = Date.parse("9999-12-31T23:59:59.999Z");

/** A time that a server tells, in ms. One before 1970 or after the year 9999, which no record could hold, is none. */
export function timeIn(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? "");
  return at >= 0 && at <= latest ? at : undefined;
}
