/** What moves the picture in time. */
export type Seek = Extract<PlayerAction, { readonly kind: 'seek-by' | 'seek-to' }>;

/** What a key does on the player. Seeks are in seconds, `seek-to` is a share of the film. */
export type PlayerAction =
  | { readonly kind: 'toggle-play' | 'toggle-mute' | 'toggle-fullscreen' | 'toggle-stats' | 'toggle-captions' }
  | { readonly kind: 'seek-by'; readonly seconds: number }
  | { readonly kind: 'volume-by'; readonly share: number }
  | { readonly kind: 'seek-to'; readonly share: number };

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** Undefined for every key that is not the player's, and whenever a modifier makes it the browser's. */
export function actionOf(press: KeyPress): PlayerAction | undefined {
  if (press.ctrlKey || press.metaKey || press.altKey) return undefined;
  if (/^[0-9]$/.test(press.key)) return { kind: 'seek-to', share: Number(press.key) / 10 };
  return KEYS.get(press.key.length === 1 ? press.key.toLowerCase() : press.key);
}

const KEYS: ReadonlyMap<string, PlayerAction> = new Map([
  [' ', { kind: 'toggle-play' }],
  ['k', { kind: 'toggle-play' }],
  ['m', { kind: 'toggle-mute' }],
  ['f', { kind: 'toggle-fullscreen' }],
  ['i', { kind: 'toggle-stats' }],
  ['c', { kind: 'toggle-captions' }],
  ['j', { kind: 'seek-by', seconds: -10 }],
  ['l', { kind: 'seek-by', seconds: 10 }],
  ['ArrowLeft', { kind: 'seek-by', seconds: -5 }],
  ['ArrowRight', { kind: 'seek-by', seconds: 5 }],
  ['ArrowUp', { kind: 'volume-by', share: 0.1 }],
  ['ArrowDown', { kind: 'volume-by', share: -0.1 }],
  ['Home', { kind: 'seek-to', share: 0 }],
  ['End', { kind: 'seek-to', share: 1 }],
] satisfies [string, PlayerAction][]);

/** The same keys for people, in the order a panel lists them. */
export const KEY_HELP: readonly (readonly [keys: string, does: string])[] = [
  ['Space or K', 'Play or pause'],
  ['← →', 'Back or forward 5 s'],
  ['J L', 'Back or forward 10 s'],
  ['0 – 9', 'Jump to 0 – 90 %'],
  ['↑ ↓', 'Volume'],
  ['M', 'Mute'],
  ['F', 'Full screen'],
  ['C', 'Subtitles'],
  ['I', 'Stats'],
];
