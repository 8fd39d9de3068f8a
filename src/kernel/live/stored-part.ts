import { boxesIn } from '../cmaf/boxes.ts';
import { readSegment } from '../cmaf/segment.ts';
import type { ListedSegment } from './timeline.ts';

/**
 * A part of a segment of which nobody knows any more how it was cut: a segment is its parts, byte for byte. Undefined where
 * the bytes do not tell which part is which, since something is missing before it.
 */
export function storedPart(
  bytes: Uint8Array,
  { startTicks }: Pick<ListedSegment, 'startTicks'>,
  part: number,
): Uint8Array | undefined {
  let [at, start, expected] = [0, 0, startTicks];
  for (const { type, end } of boxesIn(bytes)) {
    if (type !== 'mdat') continue;
    const own = bytes.subarray(start, end);
    const facts = readSegment(own);
    if (facts?.startTicks !== expected) return undefined;
    if (at === part) return own;
    [at, start, expected] = [at + 1, end, facts.endTicks];
  }
  return undefined;
}
