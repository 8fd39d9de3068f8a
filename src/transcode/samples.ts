import { type FfmpegCommand, guardedInput, type ProcessLimits, runFfmpeg } from '../ffmpeg/ffmpeg.ts';
import type { Film, VideoRendition } from '../kernel/film/film.ts';
import { type Complexity, CRF_STEPS, type SampleEncode } from '../kernel/ladder/by-content.ts';
import type { Ladder } from '../kernel/ladder/ladder.ts';
import { planFilm, planLayout, type SourceLayout } from './plan.ts';
import type { SourceInfo } from './source.ts';

/** Where the samples lie, as shares of the film. Each begins at the key frame before, so nothing is decoded in vain. */
const PLACES = [0.2, 0.5, 0.8];
/** Frames of one sample: what a key frame and the motion behind it cost shows in half a second. */
const FRAMES = 16;
/** A source whose samples take longer is not worth waiting for. */
const MOST_SECONDS = 20;
/** Above this a sample is as telling and costs more. */
const MOST_LINES = 720;
const BASE_CRF = 23;

/**
 * Encodes a few short samples of a film, fast, at two sizes and with a few rate factors. Undefined when the film has no
 * picture to compare by (high dynamic range would have to be mapped first), or a sample could not be had: then the ladder
 * stays what it is.
 */
export async function measureComplexity(
  info: SourceInfo,
  ladder: Ladder,
  source: string,
  bounds: ProcessLimits,
): Promise<Complexity | undefined> {
  const { film } = planFilm('', info, ladder, 1);
  const layout = planLayout(info);
  const sizes = sampleSizes(film);
  if (!sizes || layout.video?.transfer !== 'sdr') return undefined;
  const limits = { ...bounds, timeoutSeconds: MOST_SECONDS };
  const commands = PLACES.map((share) => sampleCommand(film.durationSeconds * share, layout, source, sizes));
  try {
    const samples = await Promise.all(commands.map(async (command) => readSample(await runFfmpeg(command, limits))));
    return meanOf(samples, sizes);
  } catch (cause) {
    // A sample is a hint. What is wrong with the source will be said by the chunk that meets it.
    limits.abort.throwIfAborted();
    if (cause instanceof Error) return undefined;
    throw cause;
  }
}

interface Sizes {
  readonly small: VideoRendition;
  readonly large: VideoRendition;
}

/** The lowest rung and the highest one that is not too large; undefined when a film has one rung only. */
function sampleSizes(film: Film): Sizes | undefined {
  const encoded = (film.video?.renditions ?? []).filter(({ copied }) => copied === undefined);
  const [small, ...others] = encoded;
  const large = others.filter(({ width, height }) => Math.min(width, height) <= MOST_LINES).at(-1);
  return small && large ? { small, large } : undefined;
}

function sampleCommand(atSeconds: number, layout: SourceLayout, source: string, sizes: Sizes): FfmpegCommand {
  const { small, large } = sizes;
  const outs = CRF_STEPS.map((_, index) => `[l${index}]`);
  const filter = [
    `[0:${layout.video?.streamIndex}]split=2[a][b]`,
    `[a]scale=${small.width}:${small.height},format=yuv420p[s]`,
    `[b]scale=${large.width}:${large.height},format=yuv420p,split=${CRF_STEPS.length}${outs.join('')}`,
  ].join(';');
  const seek = ['-noaccurate_seek', '-ss', (layout.zeroSeconds + atSeconds).toFixed(3)];
  return {
    // Its own words are what is wanted of the encoder.
    inputOptions: ['-hide_banner', '-nostdin', '-nostats', '-v', 'info', ...seek, ...guardedInput(layout.container)],
    input: source,
    filter,
    outputs: [
      ['[s]', BASE_CRF] as const,
      ...outs.map((out, at) => [out, BASE_CRF + (CRF_STEPS[at] ?? 0)] as const),
    ].map(([from, crf]) => ({ options: sampleOptions(from, crf), target: '-' })),
  };
}

function sampleOptions(from: string, crf: number): string[] {
  // biome-ignore format: options read in pairs
  return [
    '-map', from, '-c:v', 'libx264', '-preset', 'ultrafast', '-threads', '1', '-crf', String(crf), '-ssim', '1',
    '-frames:v', String(FRAMES), '-f', 'null',
  ];
}

/** What x264 says of each output as it closes, in the order of the outputs. */
export function readSample(said: string): SampleEncode[] {
  const ssims = [...said.matchAll(/SSIM Mean Y:([\d.]+)/g)].map(([, value]) => Number(value));
  const rates = [...said.matchAll(/kb\/s:([\d.]+)/g)].map(([, value]) => 1_000 * Number(value));
  return ssims.flatMap((ssim, at) => {
    const bitrateBps = rates[at] ?? 0;
    return bitrateBps > 0 ? [{ ssim, bitrateBps }] : [];
  });
}

function meanOf(samples: readonly SampleEncode[][], { small, large }: Sizes): Complexity | undefined {
  const whole = samples.filter((encodes) => encodes.length === CRF_STEPS.length + 1);
  const [first, ...others] = Array.from({ length: CRF_STEPS.length + 1 }, (_, at) => {
    const encodes = whole.flatMap((each) => each[at] ?? []);
    const mean = (pick: (encode: SampleEncode) => number) =>
      encodes.reduce((sum, encode) => sum + pick(encode), 0) / encodes.length;
    return { bitrateBps: mean(({ bitrateBps }) => bitrateBps), ssim: mean(({ ssim }) => ssim) };
  });
  if (!first || whole.length === 0) return undefined;
  return {
    small: { pixels: small.width * small.height, encode: first },
    large: { pixels: large.width * large.height, encodes: others },
  };
}
