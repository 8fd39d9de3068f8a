import { AAC_FRAME, type AudioRendition, type Rational, rationalToNumber } from '../film/film.ts';
import { planFrameRate } from '../film/frame-rates.ts';
import type { AudioSettings, Ladder } from '../ladder/ladder.ts';
import { planRungs } from '../ladder/rungs.ts';
import type { BroadcastFormat, LiveVideoTrack } from './broadcast.ts';
import type { LivePicture, LiveSource } from './source.ts';

/** The usual clock of video. At 24000/1001 and 60000/1001 frames differ by a tick, which players do not see and sums keep. */
const TIMESCALE = 90_000;

/** Players hold back three parts: a second. Much shorter ones cost requests, and many players falter on them. */
const PART_SECONDS = 1 / 3;

/** The stereo that every live ladder has one of: more channels are mixed down, since publishers' doors carry two. */
const CHANNELS = 2;
const SAMPLE_RATE = 48_000;

export interface BroadcastRules {
  readonly segmentSeconds: number;
  readonly dvrSeconds?: number;
}

/**
 * The renditions of a broadcast, settled by its first session: the ladder's H.264 rungs up to the source's own size, and
 * sound in any case. A source without sound gets silence, so that a later session may bring some.
 */
export function planBroadcast(source: LiveSource, ladder: Ladder, rules: BroadcastRules): BroadcastFormat {
  const video = source.video && planVideo(source.video, ladder);
  return {
    segmentSeconds: rules.segmentSeconds,
    targetDurationSeconds: Math.ceil(rules.segmentSeconds),
    partTargetSeconds: planPartTarget(video?.frameRate),
    ...(rules.dvrSeconds === undefined ? {} : { dvrSeconds: rules.dvrSeconds }),
    ...(video ? { video } : {}),
    audio: { sampleRate: SAMPLE_RATE, renditions: [planAudio(ladder.audio)] },
  };
}

/**
 * At a steady rate, which makes parts of one length; a publisher that drops frames, or a browser, which keeps no rate at all,
 * has the last one repeated.
 */
function planVideo(picture: LivePicture, ladder: Ladder): LiveVideoTrack {
  const frameRate = planFrameRate(picture.framesPerSecond);
  const rungs = planRungs(liveForm(ladder), picture.size, frameRate);
  return {
    frameRate,
    timescale: TIMESCALE,
    renditions: rungs.map(({ name, width, height, codecs, maxrateBps, level, crf, preset = LIVE_PRESET }) => ({
      name,
      width,
      height,
      codecs,
      encoding: { level, crf, preset },
      // Rate factors aim at a quality: what a lively picture takes is near the cap.
      averageBps: Math.round(maxrateBps * 0.75),
      maxrateBps,
    })),
  };
}

const LIVE_PRESET = 'veryfast';

/** Every browser plays H.264, and it alone is encoded at the pace of a broadcast on an ordinary machine. */
function liveForm(ladder: Ladder): Ladder {
  const rungs = ladder.rungs.filter(({ codec }) => codec === 'h264');
  if (rungs.length > 0) return { ...ladder, rungs };
  return {
    ...ladder,
    rungs: ladder.rungs.map((rung) => ({ ...rung, codec: 'h264', crf: LIVE_CRF, preset: LIVE_PRESET })),
  };
}

/** For ladders of another codec, whose factors are on another scale. */
const LIVE_CRF = 23;

/** A whole number of pictures, in seconds; of sound where there is no picture. */
export function planPartTarget(frameRate: Rational | undefined): number {
  if (!frameRate) return (Math.round((PART_SECONDS * SAMPLE_RATE) / AAC_FRAME) * AAC_FRAME) / SAMPLE_RATE;
  const frames = Math.round(PART_SECONDS * rationalToNumber(frameRate));
  return (frames * frameRate.den) / frameRate.num;
}

function planAudio({ bitrateBps }: AudioSettings): AudioRendition {
  return { name: 'audio', codecs: 'mp4a.40.2', bitrateBps, channels: CHANNELS };
}
