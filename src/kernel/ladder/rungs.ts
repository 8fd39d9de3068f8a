import type { Rational, VideoRendition } from '../film/film.ts';
import { rationalToNumber } from '../film/film.ts';
import type { Ladder, Rung } from './ladder.ts';
import { codecsAt, planLevel } from './level.ts';

/** The picture as it is shown: after rotation, with square pixels. */
export interface DisplaySize {
  readonly width: number;
  readonly height: number;
}

/** A source this close above a rung replaces it: two renditions that differ by a hair help nobody. */
const NEARLY_THE_RUNG = 1.12;

/** x264 takes no side above 16,384; players and H.264 levels end well before. */
const LONGEST_SIDE = 8_192;

/**
 * What is shown of a coded picture: the pixel shape stretches the width, so that no line is lost, then the rotation
 * (degrees, multiples of 90) swaps the sides.
 */
export function planDisplaySize(coded: DisplaySize, pixelShape: Rational, rotation: number): DisplaySize {
  const width = Math.max(1, Math.round((coded.width * pixelShape.num) / pixelShape.den));
  const turned = Math.abs(rotation) % 180 === 90;
  return turned ? { width: coded.height, height: width } : { width, height: coded.height };
}

/**
 * The renditions of a source, lowest first within each codec. Nothing is scaled up: the ladder is cut at the source's own short side,
 * which becomes the top rung itself when it lies between two rungs or below the lowest.
 */
export function planRungs(ladder: Ladder, size: DisplaySize, frameRate: Rational): VideoRendition[] {
  const own = evenBelow(Math.min(size.width, size.height));
  const byCodec = [...Map.groupBy(ladder.rungs, ({ codec }) => codec).values()];
  return byCodec.flatMap((rungs) => rungsUpTo(rungs, own)).map((rung) => rendition(rung, size, frameRate));
}

function rungsUpTo(rungs: readonly Rung[], own: number): Rung[] {
  const within = rungs.filter((rung) => rung.height <= own);
  const above = rungs.find((rung) => rung.height > own);
  const top = within.at(-1);
  if (top?.height === own || !above) return within;
  const kept = top && own < top.height * NEARLY_THE_RUNG ? within.slice(0, -1) : within;
  return [...kept, between(top, above, own)];
}

/** A rung of the source's own height: rate and quality lie between its neighbours by picture area. */
function between(below: Rung | undefined, above: Rung, height: number): Rung {
  if (!below) return { ...above, height };
  const share = (height ** 2 - below.height ** 2) / (above.height ** 2 - below.height ** 2);
  return {
    ...below,
    height,
    crf: share < 0.5 ? below.crf : above.crf,
    maxrateBps: Math.round((below.maxrateBps + share * (above.maxrateBps - below.maxrateBps)) / 1_000) * 1_000,
  };
}

function rendition(rung: Rung, size: DisplaySize, frameRate: Rational): VideoRendition {
  const { width, height } = scaled(size, rung.height);
  const framesPerSecond = rationalToNumber(frameRate);
  // Ladder rates are for film and television rates; twice the frames cost about half as much again.
  const maxrateBps = framesPerSecond > 31 ? Math.round(rung.maxrateBps * 1.5) : rung.maxrateBps;
  const { codec, crf, preset } = rung;
  const level = planLevel(codec, { width, height, framesPerSecond, maxrateBps });
  // The name is also a folder: rungs of one height differ by their codec.
  const name = codec === 'h264' ? `${rung.height}p` : `${rung.height}p-${codec}`;
  return { name, width, height, codecs: codecsAt(codec, level), level, crf, maxrateBps, preset };
}

function scaled(size: DisplaySize, shortSide: number): DisplaySize {
  const factor = Math.min(
    1,
    shortSide / Math.min(size.width, size.height),
    LONGEST_SIDE / Math.max(size.width, size.height),
  );
  return { width: evenNear(size.width * factor, size.width), height: evenNear(size.height * factor, size.height) };
}

/** The nearest even length, at least 2, that does not pass the source's own. */
function evenNear(length: number, own: number): number {
  return Math.min(Math.max(2, 2 * Math.round(length / 2)), evenBelow(own));
}

function evenBelow(length: number): number {
  return Math.max(2, 2 * Math.floor(length / 2));
}
