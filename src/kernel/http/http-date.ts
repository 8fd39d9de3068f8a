/**
 * HTTP's three forms of a date and no other: RFC 9110 section 5.6.7. Names match in any case, as RFC 9111 section 4.2
 * asks of a cache; a zone other than GMT makes no date. Not `Date.parse`, which takes nearly anything and knows no
 * century for two digits but its own.
 */
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';
const DAY = '(?:mon|tue|wed|thu|fri|sat|sun)';
const LONG_DAY = '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)';
const MONTH = `(?<month>${MONTHS.join('|')})`;
const FORMS = [
  new RegExp(`^${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} gmt$`, 'i'),
  new RegExp(`^${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<shortYear>\\d\\d) ${TIME} gmt$`, 'i'),
  new RegExp(`^${DAY} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`, 'i'),
];
/** The longest form is "Wednesday, 01-Jan-20 00:00:00 GMT". */
const MAX_LENGTH = 40;

/** Epoch milliseconds; undefined when it is no HTTP date. `nowMs` tells the century of a year of two digits. */
export function parseHttpDate(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined || text.length > MAX_LENGTH) return undefined;
  const trimmed = text.trim();
  for (const form of FORMS) {
    const parts = form.exec(trimmed)?.groups;
    if (parts) return timeOf(parts, nowMs);
  }
  return undefined;
}

function timeOf(parts: Readonly<Record<string, string | undefined>>, nowMs: number): number | undefined {
  const number = (name: string) => Number(parts[name] ?? 0);
  const [day, hour, minute, second] = [number('day'), number('hour'), number('minute'), number('second')];
  const month = MONTHS.indexOf((parts.month ?? '').toLowerCase());
  const year = parts.shortYear === undefined ? number('year') : fullYear(number('shortYear'), nowMs);
  // A leap second is a second like any other here: 23:59:60 is midnight.
  if (hour > 23 || minute > 59 || second > 60 || day < 1) return undefined;
  const at = new Date(0);
  at.setUTCFullYear(year, month, day);
  if (at.getUTCMonth() !== month) return undefined;
  return at.setUTCHours(hour, minute, second);
}

/** More than 50 years ahead is the most recent year in the past with the same last digits. */
function fullYear(shortYear: number, nowMs: number): number {
  const now = new Date(nowMs).getUTCFullYear();
  const candidate = now - (now % 100) + shortYear;
  if (candidate > now + 50) return candidate - 100;
  return candidate <= now - 50 ? candidate + 100 : candidate;
}
