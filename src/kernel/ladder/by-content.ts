import { type VideoRendition, videoCodecOf } from '../film/film.ts';

/** One sample of a film, encoded at one size with one rate factor. */
export interface SampleEncode {
  readonly bitrateBps: number;
  /** Structural similarity of the luma to what went in, up to 1. */
  readonly ssim: number;
}

/** What some samples of a film showed, as means of all of them. */
export interface Complexity {
  /** At the lowest rung's size. */
  readonly small: { readonly pixels: number; readonly encode: SampleEncode };
  /** At the size of a large rung, by the steps of `CRF_STEPS`. */
  readonly large: { readonly pixels: number; readonly encodes: readonly SampleEncode[] };
}

/** Rate factors that are tried, above the first; six of them halve the bits of most films. */
export const CRF_STEPS = [0, 3, 6] as const;

/** A loss this small is not seen: it is about that between two of x264's presets. */
const SSIM_TOLERANCE = 0.004;

/** A rung that needs less than this above the one below it gives a player nothing to choose. */
const LEAST_STEP_UP = 1.3;

/**
 * The rungs that suit a film. The lowest keeps its settings, being what every network must carry; above it, rungs between
 * which the bitrate hardly differs are left out, and where coarser quantisation costs nothing that is seen, it is taken
 * and the cap comes down with it. The source's own packets are neither left out nor changed.
 */
export function fitRungs(renditions: readonly VideoRendition[], complexity: Complexity): VideoRendition[] {
  const encoded = renditions.filter(({ copied }) => copied === undefined);
  const families = [...Map.groupBy(encoded, videoCodecOf).values()];
  const kept = new Set(families.flatMap((family) => worthwhile(family, complexity)));
  const step = stepWithoutLoss(complexity);
  return renditions.flatMap((rung) => {
    if (rung.copied || rung === encoded[0]) return [rung];
    return kept.has(rung) ? [coarser(rung, step)] : [];
  });
}

/** The coarsest step that stays within the tolerance; steps behind a visible one do not count. */
function stepWithoutLoss({ large }: Complexity): number {
  const best = large.encodes[0]?.ssim ?? 1;
  const visible = CRF_STEPS.findIndex((_, at) => best - (large.encodes[at]?.ssim ?? 0) > SSIM_TOLERANCE);
  return CRF_STEPS[visible < 0 ? CRF_STEPS.length - 1 : Math.max(0, visible - 1)] ?? 0;
}

/** The ends always; between them whatever is a step above the last one kept and a step below the top. */
function worthwhile(family: readonly VideoRendition[], complexity: Complexity): VideoRendition[] {
  const rate = (rung: VideoRendition) => Math.min(rung.maxrateBps, expectedBps(rung, complexity));
  const top = family.at(-1);
  const kept: VideoRendition[] = [];
  for (const rung of family) {
    const below = kept.at(-1);
    const isStep = below && top && rate(rung) >= LEAST_STEP_UP * rate(below) && rate(top) >= LEAST_STEP_UP * rate(rung);
    if (!below || rung === top || isStep) kept.push(rung);
  }
  return kept;
}

/** Bits grow with the picture's area to a power that is the film's own: two sizes tell it. */
function expectedBps({ width, height }: VideoRendition, { small, large }: Complexity): number {
  const first = large.encodes[0]?.bitrateBps ?? small.encode.bitrateBps;
  const growth = Math.log(large.pixels / small.pixels);
  const power = growth === 0 ? 1 : Math.log(first / small.encode.bitrateBps) / growth;
  return small.encode.bitrateBps * ((width * height) / small.pixels) ** power;
}

function coarser(rung: VideoRendition, step: number): VideoRendition {
  if (step === 0) return rung;
  // SVT-AV1 counts to 63 where the others count to 51.
  const own = videoCodecOf(rung) === 'av1' ? Math.round((step * 63) / 51) : step;
  const maxrateBps = Math.round((rung.maxrateBps * 2 ** (-step / 6)) / 1_000) * 1_000;
  return { ...rung, crf: rung.crf + own, maxrateBps };
}
