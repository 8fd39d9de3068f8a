/** One rung of the ladder as the quality menu shows it. `index` is the engine's own number for it. */
export interface Level {
  readonly index: number;
  readonly label: string;
  readonly width: number;
  readonly height: number;
  readonly bitrateBps: number;
  readonly codecs: string;
  readonly frameRate?: number;
}

export function levelLabel(height: number, bitrateBps: number): string {
  return height > 0 ? `${height}p` : `${Math.round(bitrateBps / 1000)}k`;
}

/** Best first, as people expect a quality menu. */
export function sortLevels(levels: readonly Level[]): readonly Level[] {
  return [...levels].sort((a, b) => b.height - a.height || b.bitrateBps - a.bitrateBps);
}

/** What the quality button says: the fixed rung, or `Auto` with the rung that plays now. */
export function qualityLabel(levels: readonly Level[], chosen: number, playing: number): string {
  const labelOf = (index: number) => levels.find((level) => level.index === index)?.label;
  if (chosen >= 0) return labelOf(chosen) ?? 'Auto';
  const now = labelOf(playing);
  return now ? `Auto · ${now}` : 'Auto';
}
