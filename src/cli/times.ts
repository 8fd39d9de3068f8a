import { usage } from './failure.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * A time to come as people write it: a span from now such as `90s`, `1h30m` or `7d`, or a date and time that `Date`
 * reads. Epoch milliseconds.
 * @throws Failure USAGE
 */
export function parseMoment(text: string, flag: string, nowMs: number): number {
  const spanMs = parseSpan(text);
  if (spanMs !== undefined) return nowMs + spanMs;
  const dateMs = /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(dateMs)) return dateMs;
  throw usage(`${flag} must be a span such as 90s, 1h30m or 7d, or a date such as 2030-01-31T12:00:00Z.`);
}

function parseSpan(text: string): number | undefined {
  if (!/^(\d+[smhdw])+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)([smhdw])/g)];
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNIT_MS[unit] ?? 0), 0);
}
