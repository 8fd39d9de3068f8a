/** How numbers, sizes and times are written for people. Pure; times are given, never taken from the air. */

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** Decimal units, as upload dialogs and file managers show them: `1.5 MB`. */
export function formatBytes(sizeBytes: number): string {
  let value = Math.max(0, sizeBytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

export function formatBitrate(bitrateBps: number): string {
  if (bitrateBps >= 999_500) return `${(bitrateBps / 1e6).toFixed(bitrateBps >= 1e8 ? 0 : 1)} Mbit/s`;
  return `${Math.round(bitrateBps / 1000)} kbit/s`;
}

/** A film's length as a clock: `0:30`, `12:05`, `1:02:03`. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(rest).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}

const SPANS = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const;

/** A span in its largest whole unit: `3 hours`, `1 minute`. */
export function formatSpan(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  for (const [size, name] of SPANS) {
    if (whole < size) continue;
    const count = Math.round(whole / size);
    return `${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return '0 seconds';
}

export function formatAgo(thenMs: number, nowMs: number): string {
  const seconds = (nowMs - thenMs) / 1000;
  return seconds < 10 ? 'just now' : `${formatSpan(seconds)} ago`;
}

/** Time still to go, short enough for a queue row: `2 min left`; undefined while nothing is known. */
export function formatTimeLeft(secondsLeft: number | undefined): string | undefined {
  if (secondsLeft === undefined || !Number.isFinite(secondsLeft)) return undefined;
  if (secondsLeft < 60) return `${Math.max(1, Math.round(secondsLeft))} s left`;
  if (secondsLeft < 3600) return `${Math.round(secondsLeft / 60)} min left`;
  return `${(secondsLeft / 3600).toFixed(1)} h left`;
}

/** A share of 1 as whole percent, rounded down so that 100 % always means all of it. */
export function formatPercent(share: number): string {
  return `${Math.floor(Math.min(1, Math.max(0, share)) * 100)}%`;
}

/** A file name as a title: the extension off, underscores and dashes as spaces. */
export function titleFromFilename(filename: string): string {
  const bare = filename.replace(/\.[a-z0-9]{1,5}$/i, '');
  const spaced = bare.replace(/[_-]+/g, ' ').replace(/\s+/g, ' ').trim();
  return spaced || filename;
}
