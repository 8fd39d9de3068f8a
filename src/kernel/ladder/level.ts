/** Rec. ITU-T H.264 table A-1: [level times ten, macroblocks a second, macroblocks a picture, kbit/s of baseline]. */
const LEVELS: readonly (readonly [number, number, number, number])[] = [
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

export interface LevelNeed {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly maxrateBps: number;
}

/**
 * The lowest H.264 level, times ten, whose limits hold the picture; at least 2.1, which everything plays. It is chosen
 * here and not by the encoder, whose own choice may differ between chunks and so between their init segments.
 */
export function planLevel(need: LevelNeed): number {
  const wide = Math.ceil(need.width / 16);
  const high = Math.ceil(need.height / 16);
  const fits = LEVELS.find(
    ([, perSecond, perPicture, kbps]) =>
      wide * high <= perPicture &&
      // No side longer than the square root of eight pictures' macroblocks (A.3.1, items g and h).
      Math.max(wide, high) ** 2 <= 8 * perPicture &&
      wide * high * need.framesPerSecond <= perSecond &&
      need.maxrateBps <= kbps * 1_000 * HIGH_PROFILE,
  );
  return fits?.[0] ?? 62;
}

/** RFC 6381 name of H.264 High at a level, such as `avc1.64001f`. */
export function highProfileCodecs(level: number): string {
  return `avc1.6400${level.toString(16).padStart(2, '0')}`;
}
