import type { SampleTable } from './sample-table.ts';

/** A sample's time may lie this far from its place, in frames: clocks that cannot count a frame exactly are rounded. */
const TOLERANCE = 0.25;

/**
 * The frame that each sample shows, in decoding order, counted from the first picture shown; undefined when the pictures
 * are not one for every frame of a constant rate.
 */
export function framesOf(
  table: SampleTable,
  rate: { readonly num: number; readonly den: number },
): Int32Array | undefined {
  const { count, decodeTicks, compositionTicks } = table;
  const { first } = shownTicks(table);
  const frames = new Int32Array(count);
  const taken = new Uint8Array(count);
  for (let sample = 0; sample < count; sample += 1) {
    const shownAt = (decodeTicks[sample] ?? 0) + (compositionTicks[sample] ?? 0);
    const place = ((shownAt - first) * rate.num) / (table.timescale * rate.den);
    const frame = Math.round(place);
    // As many places as samples, each taken once: then none is missing either.
    if (Math.abs(place - frame) > TOLERANCE || frame >= count || taken[frame] === 1) return undefined;
    taken[frame] = 1;
    frames[sample] = frame;
  }
  return frames;
}

/**
 * 1 at every frame where the track can be cut: decoding begins there, everything decoded before is shown before, and
 * everything decoded after is shown after (which an open group of pictures does not keep).
 */
export function cutPoints(frames: Int32Array, sync: Uint8Array): Uint8Array {
  const cuts = new Uint8Array(frames.length);
  let latest = -1;
  for (let sample = 0; sample < frames.length; sample += 1) {
    // So many samples, none later than the last of as many places: these are exactly the places before this one.
    if (sync[sample] === 1 && latest === sample - 1 && frames[sample] === sample) cuts[sample] = 1;
    latest = Math.max(latest, frames[sample] ?? 0);
  }
  return cuts;
}

/**
 * Frames a segment so that every segment begins at a cut: `wanted` where that is so, otherwise the nearest number within
 * `[least, most]`; undefined when the key frames lie too irregularly or too far apart.
 */
export function fitSegments(
  cuts: Uint8Array,
  range: { readonly wanted: number; readonly least: number; readonly most: number },
): number | undefined {
  const { wanted, least, most } = range;
  const candidates = Array.from({ length: Math.max(0, most - least + 1) }, (_, index) => least + index);
  candidates.sort((one, other) => Math.abs(one - wanted) - Math.abs(other - wanted));
  return candidates.find((frames) => frames > 0 && beginsAtCuts(cuts, frames));
}

function beginsAtCuts(cuts: Uint8Array, frames: number): boolean {
  for (let at = 0; at < cuts.length; at += frames) if (cuts[at] !== 1) return false;
  return cuts.length > 0;
}

/** When the first and the last sample are shown, in ticks from the track's start. */
function shownTicks({ count, decodeTicks, compositionTicks }: SampleTable): { first: number; last: number } {
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (let sample = 0; sample < count; sample += 1) {
    const ticks = (decodeTicks[sample] ?? 0) + (compositionTicks[sample] ?? 0);
    first = Math.min(first, ticks);
    last = Math.max(last, ticks);
  }
  return { first, last };
}

/** An edit list may delay the track or skip the decoder's delay. Anything else leaves pictures out, or shows some twice. */
export function hasPlainEdits(table: SampleTable): boolean {
  const shown = table.edits.filter(({ mediaTicks }) => mediaTicks >= 0);
  const [only] = shown;
  if (!only) return true;
  if (shown.length > 1 || !only.isPlainRate || table.edits.at(-1) !== only) return false;
  const { first, last } = shownTicks(table);
  const endTicks = only.mediaTicks + only.durationSeconds * table.timescale;
  return only.mediaTicks <= first && (only.durationSeconds === 0 || endTicks > last);
}

/** An index that has a sample shown this long after all of them should have ended is damaged. */
const MOST_BEYOND_SECONDS = 2;

/**
 * How long a track lasts that lasts `summedSeconds` by the lengths of its samples. Those lengths lead from one sample to the
 * next as they are stored: at a variable rate, the last that is shown may lie beyond their sum.
 */
export function shownSeconds(table: SampleTable, summedSeconds: number): number {
  const { first, last } = shownTicks(table);
  const reach = (last - first) / table.timescale;
  if (reach < summedSeconds || reach > summedSeconds + MOST_BEYOND_SECONDS || !hasPlainEdits(table))
    return summedSeconds;
  const steps = table.decodeTicks.subarray(1).map((ticks, index) => ticks - (table.decodeTicks[index] ?? 0));
  return reach + steps.reduce((least, step) => Math.min(least, step), table.timescale) / table.timescale;
}
