/** Moments of a film as people write them, and what is left of them when one is moved. Pure. */

export interface ClipSpan {
  readonly inSeconds: number;
  readonly outSeconds: number;
}

/** What the server takes; shorter ones are no clip. */
const LEAST_SECONDS = 0.5;

/** `1:02.5`, to a tenth of a second. */
export function formatMoment(seconds: number): string {
  const tenths = Math.max(0, Math.round(seconds * 10));
  const [hours, minutes] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60];
  const rest = `${String(Math.floor(tenths / 10) % 60).padStart(2, '0')}.${tenths % 10}`;
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

/** Undefined for what is no moment: `62.5`, `1:02.5` and `1:01:02` are. */
export function parseMoment(text: string): number | undefined {
  const parts = text.trim().replace(',', '.').split(':');
  if (parts.length > 3 || !parts.every((part) => /^\d+(\.\d+)?$/.test(part))) return undefined;
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** A span of thirty seconds from here, or the last thirty where fewer are left. */
export function firstSpan(atSeconds: number, durationSeconds: number): ClipSpan {
  const outSeconds = Math.min(durationSeconds, atSeconds + 30);
  return { inSeconds: Math.max(0, Math.min(atSeconds, outSeconds - 30)), outSeconds };
}

/** The end that is moved pushes the other before it, and both stay within the film. */
export function moveIn({ outSeconds }: ClipSpan, to: number, durationSeconds: number): ClipSpan {
  const inSeconds = Math.min(Math.max(0, to), durationSeconds - LEAST_SECONDS);
  return { inSeconds, outSeconds: Math.max(outSeconds, inSeconds + LEAST_SECONDS) };
}

export function moveOut({ inSeconds }: ClipSpan, to: number, durationSeconds: number): ClipSpan {
  const outSeconds = Math.min(durationSeconds, Math.max(LEAST_SECONDS, to));
  return { inSeconds: Math.min(inSeconds, outSeconds - LEAST_SECONDS), outSeconds };
}
