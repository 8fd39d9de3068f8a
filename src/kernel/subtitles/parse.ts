import { byTime, type Cue } from './cue.ts';
import { cleanCueText } from './cue-text.ts';

/** More cues than ten hours of quick talk have. */
export const MOST_CUES = 20_000;

/** A cue stands in every segment that it lasts over: one of hours, thousands of times, would make gigabytes of a file. */
const MOST_CUE_MS = 600_000;

/**
 * Reads SRT and WebVTT, which differ in little that matters: the decimal sign, hours that may be missing, settings.
 * Whatever is no cue (counters, headers, STYLE, NOTE) is passed over, and so is a cue that ends before it begins. Sorted by
 * time, at most `MOST_CUES`. Never throws; text without a cue gives none.
 */
export function parseSubtitles(text: string): Cue[] {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  const cues: Cue[] = [];
  for (let at = 0; at < lines.length && cues.length < MOST_CUES; at += 1) {
    const timing = readTiming(lines[at] ?? '');
    if (!timing) continue;
    const end = endOfText(lines, at + 1);
    const cueText = cleanCueText(lines.slice(at + 1, end).join('\n'));
    const endMs = Math.min(timing.endMs, timing.startMs + MOST_CUE_MS);
    if (cueText !== '' && endMs > timing.startMs) cues.push({ ...timing, endMs, text: cueText });
    at = end - 1;
  }
  return cues.sort(byTime);
}

/** The line after a cue's text: an empty one, or the head of the next cue where the empty one was forgotten. */
function endOfText(lines: readonly string[], from: number): number {
  let at = from;
  while (at < lines.length && lines[at]?.trim() !== '' && !lines[at]?.includes('-->')) at += 1;
  const forgotten = at < lines.length && lines[at]?.includes('-->') === true;
  // Its counter stands on the line before.
  return forgotten && at > from && /^\s*\d+\s*$/.test(lines[at - 1] ?? '') ? at - 1 : at;
}

const STAMP = String.raw`(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})`;
const TIMING = new RegExp(String.raw`^\s*${STAMP}\s*-->\s*${STAMP}(?:\s+(.{0,300}))?`);

function readTiming(line: string): Omit<Cue, 'text'> | undefined {
  const found = TIMING.exec(line);
  if (!found) return undefined;
  const [, ...parts] = found;
  return { startMs: toMs(parts.slice(0, 4)), endMs: toMs(parts.slice(4, 8)), settings: readSettings(parts[8] ?? '') };
}

/** `1:02:03,5` is half a second past: the fraction is one, not a count. */
function toMs([hours = '0', minutes = '0', seconds = '0', fraction = '0']: readonly (string | undefined)[]): number {
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000 + Number(fraction.padEnd(3, '0'));
}

/** The settings of WebVTT section 4.4 but for regions, whose definitions are not kept. */
const SETTING =
  /^(?:vertical:(?:rl|lr)|line:-?\d{1,3}(?:\.\d+)?%?(?:,(?:start|center|end))?|position:\d{1,3}(?:\.\d+)?%(?:,(?:line-left|center|line-right))?|size:\d{1,3}(?:\.\d+)?%|align:(?:start|center|end|left|right))$/;

function readSettings(text: string): string {
  return text
    .trim()
    .split(/\s+/)
    .filter((each) => SETTING.test(each))
    .slice(0, 5)
    .join(' ');
}
