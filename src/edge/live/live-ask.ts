import { joinTarget } from '../../kernel/access/canonical.ts';
import { Fault } from '../../kernel/errors.ts';
import { type Directives, readDirectives, writeDirectives } from '../../kernel/live/directives.ts';
import { type LiveObject, parseLivePath } from '../../kernel/live/paths.ts';

import type { Exchange } from '../exchange.ts';
import type { Wait } from '../upstream.ts';
import type { Party } from './crowd.ts';
import type { Renditions } from './renditions.ts';

/** What of a broadcast a viewer asks for. */
export interface LiveAsk {
  readonly object: LiveObject;
  /** The origin may hold its answer until there is something to tell: a state to come, or a part in the making. */
  readonly mayBeHeld: boolean;
  /** What it is stored and asked for under: of a playlist the path with the state, of all others the path. */
  readonly resource: string;
  /** The state, where it is a playlist that is asked for in one. */
  readonly directives?: Directives;
}

const BELOW = '/live/';

/** Undefined for what is not of broadcasts. @throws Fault LIVE_DIRECTIVES_INVALID */
export function readLiveAsk(method: string, path: string, query: string): LiveAsk | undefined {
  if (!path.startsWith(BELOW)) return undefined;
  const object = parseLivePath(path);
  if (!object) return undefined;
  if (object.kind !== 'playlist')
    return { object, mayBeHeld: object.kind === 'part' && method === 'GET', resource: path };
  const directives = readDirectives(query);
  if (!directives) throw new Fault('LIVE_DIRECTIVES_INVALID');
  // A HEAD leads no fill that others could follow, so it is told of what there is.
  if (method !== 'GET') return { object, mayBeHeld: false, resource: path };
  const resource = joinTarget(path, writeDirectives(directives));
  return { object, mayBeHeld: directives.msn !== undefined, resource, directives };
}

/**
 * Whom a wait is counted for. An edge below counts its own viewers; of a proxy that does not tell whom it stands for
 * nobody knows how many those are.
 */
export function partyOf(x: Exchange, { object: { streamId } }: LiveAsk, trusts: (ip: string) => boolean): Party {
  return { streamId, address: x.fromEdge || trusts(x.ip) ? undefined : x.ip };
}

/** Worth telling only when it is whole: many wait for it, and it is small. */
export function isLiveList(ask: LiveAsk | undefined): boolean {
  return ask?.object.kind === 'playlist' || ask?.object.kind === 'master';
}

/** What is there is told at once, so that a player may as well turn to what the edge has. */
const LIST_MS = 3_000;

/** How long the origin is waited for, and whether that is of its own doing; undefined where it is as for everything else. */
export function waitFor(ask: LiveAsk, path: string, renditions: Renditions): Wait | undefined {
  if (ask.mayBeHeld) return { ms: renditions.holdMs(path), mayBeHeld: true };
  return isLiveList(ask) ? { ms: LIST_MS, mayBeHeld: false } : undefined;
}

/** Dead within seconds, so it lives in memory only. */
export function isFleeting({ kind }: LiveObject): boolean {
  return kind === 'playlist' || kind === 'master' || kind === 'part';
}
