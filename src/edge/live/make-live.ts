import { Fault } from '../../kernel/errors.ts';
import { parseLivePath } from '../../kernel/live/paths.ts';
import type { Fill } from '../cache/fill.ts';
import type { Exchange } from '../exchange.ts';
import type { EdgeParts, EdgeSettings } from '../parts.ts';
import { Crowd } from './crowd.ts';
import { fetchHinted } from './fetch-hinted.ts';
import { Renditions } from './renditions.ts';

/** What an edge knows of broadcasts, and of who waits for them. */
export interface Live {
  readonly renditions: Renditions;
  /** Viewers. */
  readonly waiters: Crowd;
  /** Requests that the origin may hold. */
  readonly held: Crowd;
  /** A playlist has arrived: what it hints is asked for, where somebody watches. */
  learn(key: string, body: Buffer, watcher: Exchange | undefined): void;
  /** Whoever still waits for what the origin holds gets what there is, and finds another edge. */
  letGo(): void;
}

/**
 * Players ask for the next state of a rendition, in one of two wordings. Who is up to something finds some forty that an
 * origin holds, in each of ten renditions: with all of these in use there is still room for those who play.
 */
const HELD_OF_ONE_STREAM = 1_024;
/** As many as there are connections for them. */
const HELD = 4_096;

export function makeLive(settings: EdgeSettings, parts: () => EdgeParts): Live {
  const renditions = new Renditions(settings.edgeLiveHoldMs);
  return {
    renditions,
    waiters: new Crowd({
      all: settings.edgeLiveWaiters,
      ofOneStream: settings.edgeLiveWaitersPerStream,
      ofOneViewer: settings.edgeLiveWaitersPerAddress,
    }),
    held: new Crowd({ all: HELD, ofOneStream: HELD_OF_ONE_STREAM, ofOneViewer: settings.edgeLiveHeldPerAddress }),
    learn: (key, body, watcher) => {
      const hinted = renditions.learn(key, body, parts().clock.steady());
      if (watcher) for (const each of hinted) fetchHinted(each, watcher, parts());
    },
    letGo: () => parts().fills.abandonWhere(isHeld, new Fault('LIVE_LATE', { retryAfterSeconds: 1 })),
  };
}

function isHeld({ state, traits: { key } }: Fill): boolean {
  return state === 'asking' && parseLivePath(key.split('?', 1)[0] ?? '') !== undefined;
}
