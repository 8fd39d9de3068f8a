/** One rung of the ladder as the quality menu shows it. `index` is the engine's own number for it. */
export interface Level {
  readonly index: number;
  readonly label: string;
  readonly width: number;
  readonly height: number;
  readonly bitrateBps: number;
  readonly codecs: string;
  readonly frameRate?: number;
  /** Its name at the server, where that is known. */
  readonly rendition?: string;
  /** It may come again, and nothing of it comes now. */
  readonly isAbsent?: true;
}

export function levelLabel(height: number, bitrateBps: number): string {
  return height > 0 ? `${height}p` : `Audio ${Math.round(bitrateBps / 1000)}k`;
}

/** Best first, as people expect a quality menu. */
export function sortLevels(levels: readonly Level[]): readonly Level[] {
  return [...levels].sort((a, b) => b.height - a.height || b.bitrateBps - a.bitrateBps);
}

/** What the quality button stands for: the fixed rung, or `Auto` with the rung that plays now. */
export function qualityLabel(levels: readonly Level[], chosen: number, playing: number): string {
  if (chosen >= 0) return levelName(levels, chosen);
  const now = levelName(levels, playing);
  return now === UNKNOWN_LEVEL ? 'Auto' : `Auto · ${now}`;
}

const UNKNOWN_LEVEL = 'Auto';

/** The rung's own name; `Auto` before the engine has settled on one. */
export function levelName(levels: readonly Level[], index: number): string {
  return levels.find((level) => level.index === index)?.label ?? UNKNOWN_LEVEL;
}
