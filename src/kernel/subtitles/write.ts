import type { Cue } from './cue.ts';

/** Ticks a second of the clock that HLS relates text to, whatever the media's own is (RFC 8216 section 3.5). */
const MPEG_TICKS = 90_000;

/** A WebVTT segment of HLS. `mediaSeconds`: the media's time at cue time 0, which is 0 too in our films. */
export function writeVttSegment(cues: readonly Cue[], mediaSeconds = 0): string {
  const ticks = Math.round(mediaSeconds * MPEG_TICKS);
  return `WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:${ticks},LOCAL:00:00:00.000\n${cues.map(writeCue).join('')}`;
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
