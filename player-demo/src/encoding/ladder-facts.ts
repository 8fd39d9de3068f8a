import type { Ladder } from '../api/shapes.ts';

/** What a ladder is, in words. Pure. */

const CODECS: Readonly<Record<string, string>> = { h264: 'H.264', hevc: 'HEVC', av1: 'AV1' };

/** One line a codec, such as `H.264, 240p to 1080p`. */
export function ladderFacts({ rungs }: Ladder): readonly string[] {
  return [...new Set(rungs.map(({ codec }) => codec))].map((codec) => {
    const heights = rungs.filter((rung) => rung.codec === codec).map(({ height }) => height);
    const [lowest, highest] = [Math.min(...heights), Math.max(...heights)];
    return `${CODECS[codec] ?? codec}, ${lowest === highest ? `${lowest}p` : `${lowest}p to ${highest}p`}`;
  });
}

/** Who can play it; undefined where nothing is to be said. */
export function ladderNote({ rungs }: Ladder): string | undefined {
  const codecs = new Set(rungs.map(({ codec }) => codec));
  if (codecs.has('h264')) return codecs.size > 1 ? 'Plays everywhere; newer browsers load less.' : 'Plays everywhere.';
  if (codecs.has('av1')) return 'About half the bytes; needs a browser of the last years.';
  if (codecs.has('hevc')) return 'Fewer bytes; plays on Apple devices, elsewhere not everywhere.';
  return undefined;
}
