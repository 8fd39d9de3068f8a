import type { VideoCodec } from '../film/film.ts';

export interface LevelNeed {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly maxrateBps: number;
}

/**
 * The lowest level of a codec, times ten, whose limits hold the picture; at least 2.1, which everything plays. It is
 * chosen here and not by the encoder, whose own choice may differ between chunks and so between their init segments.
 */
export function planLevel(codec: VideoCodec, need: LevelNeed): number {
  if (codec === 'hevc') return planHevcLevel(need);
  return codec === 'av1' ? planAv1Level(need) : planAvcLevel(need);
}

/** RFC 6381 name of what we encode at a level: H.264 High, HEVC Main, AV1 Main, all of 8 bits. */
export function codecsAt(codec: VideoCodec, level: number): string {
  // x265 sets progressive_source and frame_only_constraint_flag, which is the 90 (ISO/IEC 14496-15 annex E).
  if (codec === 'hevc') return `hvc1.1.6.L${level * 3}.90`;
  if (codec === 'av1') return `av01.0.${String(av1LevelIndex(level)).padStart(2, '0')}M.08`;
  return `avc1.6400${level.toString(16).padStart(2, '0')}`;
}

/** Rec. ITU-T H.264 table A-1: [level times ten, macroblocks a second, macroblocks a picture, kbit/s of baseline]. */
const AVC_LEVELS: readonly (readonly [number, number, number, number])[] = [
  [21, 19_800, 792, 4_000],
  [22, 20_250, 1_620, 4_000],
  [30, 40_500, 1_620, 10_000],
  [31, 108_000, 3_600, 14_000],
  [32, 216_000, 5_120, 20_000],
  [40, 245_760, 8_192, 20_000],
  [41, 245_760, 8_192, 50_000],
  [42, 522_240, 8_704, 50_000],
  [50, 589_824, 22_080, 135_000],
  [51, 983_040, 36_864, 240_000],
  [52, 2_073_600, 36_864, 240_000],
  [60, 4_177_920, 139_264, 240_000],
  [61, 8_355_840, 139_264, 480_000],
  [62, 16_711_680, 139_264, 800_000],
];

/** High profile may carry a quarter more than the table's baseline rate (table A-2, cpbBrVclFactor 1250). */
const HIGH_PROFILE = 1.25;

function planAvcLevel(need: LevelNeed): number {
  const wide = Math.ceil(need.width / 16);
  const high = Math.ceil(need.height / 16);
  const fits = AVC_LEVELS.find(
    ([, perSecond, perPicture, kbps]) =>
      wide * high <= perPicture &&
      // No side longer than the square root of eight pictures' macroblocks (A.3.1, items g and h).
      Math.max(wide, high) ** 2 <= 8 * perPicture &&
      wide * high * need.framesPerSecond <= perSecond &&
      need.maxrateBps <= kbps * 1_000 * HIGH_PROFILE,
  );
  return fits?.[0] ?? 62;
}

/** Rec. ITU-T H.265 tables A.8 and A.9, main tier: [level times ten, samples a second, samples a picture, kbit/s]. */
const HEVC_LEVELS: readonly (readonly [number, number, number, number])[] = [
  [21, 7_372_800, 245_760, 3_000],
  [30, 16_588_800, 552_960, 6_000],
  [31, 33_177_600, 983_040, 10_000],
  [40, 66_846_720, 2_228_224, 12_000],
  [41, 133_693_440, 2_228_224, 20_000],
  [50, 267_386_880, 8_912_896, 25_000],
  [51, 534_773_760, 8_912_896, 40_000],
  [52, 1_069_547_520, 8_912_896, 60_000],
  [60, 1_069_547_520, 35_651_584, 60_000],
  [61, 2_139_095_040, 35_651_584, 120_000],
  [62, 4_278_190_080, 35_651_584, 240_000],
];

function planHevcLevel(need: LevelNeed): number {
  // Pictures are coded in whole blocks of the smallest size, which is 8 in both directions.
  const width = 8 * Math.ceil(need.width / 8);
  const height = 8 * Math.ceil(need.height / 8);
  const fits = HEVC_LEVELS.find(
    ([, perSecond, perPicture, kbps]) =>
      width * height <= perPicture &&
      // A.4.1, items b and c.
      Math.max(width, height) ** 2 <= 8 * perPicture &&
      width * height * need.framesPerSecond <= perSecond &&
      need.maxrateBps <= kbps * 1_000,
  );
  return fits?.[0] ?? 62;
}

/**
 * AV1 specification annex A.3, main tier: [level times ten, samples a second as shown, samples a picture, longest width,
 * longest height, kbit/s].
 */
const AV1_LEVELS: readonly (readonly [number, number, number, number, number, number])[] = [
  [21, 8_363_520, 278_784, 2_816, 1_584, 3_000],
  [30, 19_975_680, 665_856, 4_352, 2_448, 6_000],
  [31, 31_950_720, 1_065_024, 5_504, 3_096, 10_000],
  [40, 70_778_880, 2_359_296, 6_144, 3_456, 12_000],
  [41, 141_557_760, 2_359_296, 6_144, 3_456, 20_000],
  [50, 267_386_880, 8_912_896, 8_192, 4_352, 30_000],
  [51, 534_773_760, 8_912_896, 8_192, 4_352, 40_000],
  [52, 1_069_547_520, 8_912_896, 8_192, 4_352, 60_000],
  [60, 1_069_547_520, 35_651_584, 16_384, 8_704, 60_000],
  [61, 2_139_095_040, 35_651_584, 16_384, 8_704, 100_000],
  [62, 4_278_190_080, 35_651_584, 16_384, 8_704, 160_000],
];

function planAv1Level({ width, height, framesPerSecond, maxrateBps }: LevelNeed): number {
  const fits = AV1_LEVELS.find(
    ([, perSecond, perPicture, widest, highest, kbps]) =>
      width * height <= perPicture &&
      width <= widest &&
      height <= highest &&
      width * height * framesPerSecond <= perSecond &&
      maxrateBps <= kbps * 1_000,
  );
  return fits?.[0] ?? 62;
}

/** `seq_level_idx`: four numbers for each major level, from 2.0 on (annex A.3). */
function av1LevelIndex(level: number): number {
  return (Math.floor(level / 10) - 2) * 4 + (level % 10);
}
