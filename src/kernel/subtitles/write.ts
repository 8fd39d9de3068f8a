import type { Cue } from './cue.ts';

/**
 * A WebVTT segment of HLS: cue time 0 is media time 0 (RFC 8216 section 3.5), which is where the decode times of our
 * films begin.
 */
export function writeVttSegment(cues: readonly Cue[]): string {
  return `WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n${cues.map(writeCue).join('')}`;
}

/** A WebVTT file by itself: its times are the film's. */
export function writeVtt(cues: readonly Cue[]): string {
  return `WEBVTT\n${cues.map(writeCue).join('')}`;
}

function writeCue({ startMs, endMs, settings, text }: Cue): string {
  const timing = `${writeVttTime(startMs)} --> ${writeVttTime(endMs)}`;
  return `\n${settings === '' ? timing : `${timing} ${settings}`}\n${text}\n`;
}

/** `HH:MM:SS.mmm`; hours get a third digit when they need it. */
function writeVttTime(ms: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1_000) % 60)}.${String(ms % 1_000).padStart(3, '0')}`;
}
