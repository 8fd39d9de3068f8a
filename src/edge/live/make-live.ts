import type { Exchange } from '../exchange.ts';
import type { EdgeParts, EdgeSettings } from '../parts.ts';
import { fetchHinted } from './fetch-hinted.ts';
import { Hints } from './hints.ts';
import { Waiters } from './waiters.ts';

/** What an edge knows of broadcasts, and of who waits for them. */
export interface Live {
  readonly hints: Hints;
  readonly waiters: Waiters;
  /** A playlist has arrived: what it hints is asked for, where somebody watches. */
  learn(path: string, body: Buffer, watcher: Exchange | undefined): void;
}

export function makeLive(settings: EdgeSettings, parts: () => EdgeParts): Live {
  const hints = new Hints(settings.edgeLiveHoldMs);
  return {
    hints,
    waiters: new Waiters({ all: settings.edgeLiveWaiters, ofOneStream: settings.edgeLiveWaitersPerStream }),
    learn: (path, body, watcher) => {
      const hinted = hints.learn(path, body);
      if (watcher) for (const each of hinted) fetchHinted(each, watcher, parts());
    },
  };
}
