import { lasts } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/errors.ts';
import { readCachePolicy } from '../../kernel/http/cache-policy.ts';
import { parseRange, singleRange } from '../../kernel/http/range.ts';
import { readWishes, type Standing, suits, type Wishes } from '../../kernel/http/request-directives.ts';
import { firstLanguage } from '../../kernel/http/vary.ts';
import { type CachedObject, REST_MS, type VaryMarker } from '../cache/cached-object.ts';
import { DiskObject } from '../cache/disk/disk-object.ts';
import type { DiskTier } from '../cache/disk/disk-tier.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Step } from '../exchange.ts';
import { nameState } from '../live/name-state.ts';
import type { EdgeParts } from '../parts.ts';
import { isWantedCoded, variantOf } from './compress.ts';
import { refreshBehind } from './fetch.ts';
import { answerHere, forwardsLeft } from './last-hop.ts';
import { wantsOwnPlaylist } from './signed-playlist.ts';

/** Whether the answer may come from memory. A GET with a body asks for something that its key does not tell. */
function isCacheable(x: Exchange, { mode, behavior }: EdgeParts): boolean {
  const isKept = x.method === 'GET' || x.method === 'HEAD' || (x.method === 'OPTIONS' && behavior?.rules?.keepsOptions);
  return isKept === true && (mode === 'film' || !x.hasBody);
}

/** Whether the operator has nothing kept here. */
function isUnkept({ behavior }: EdgeParts): boolean {
  return behavior?.rules?.caches === false;
}

/** Looks for a stored answer. Waits for nothing but a disk that has it. */
export function lookup(parts: EdgeParts): Phase {
  return (x) => {
    if (!isCacheable(x, parts)) {
      x.key = x.resource;
      return forwardsLeft(x) === 0 ? answerHere(x, parts) : goAlone(x, 'method');
    }
    if (isUnkept(parts)) {
      x.key = x.resource;
      return goAlone(x, 'caching-disabled');
    }
    if (x.live) nameState(x, parts);
    const object = find(x, parts);
    const { disk } = parts;
    if (!object && disk && x.seeks < MAX_SEEKS && disk.has(x.key)) return seek(x, disk, parts);
    const wishes = parts.settings.honourRequestDirectives ? wishesOf(x, parts) : undefined;
    if (wishes) return obey(x, object, wishes, parts);
    if (!object) return missed(x, parts);
    return object.isFresh(x.receivedAtMs) ? hit(x, object) : expired(x, object, parts);
  };
}

function hit(x: Exchange, object: CachedObject): Step {
  x.object = object;
  x.verdict = 'hit';
  x.reason = 'fresh';
  return 'shape';
}

/** Of no account in front of our own origin, whose answers say all there is to say. */
function wishesOf(x: Exchange, { mode }: EdgeParts): Wishes | undefined {
  const { 'cache-control': cacheControl, pragma } = x.request.headers;
  const asks = mode === 'proxy' && (cacheControl !== undefined || pragma !== undefined);
  return asks ? readWishes(cacheControl, pragma) : undefined;
}

function obey(x: Exchange, object: CachedObject | undefined, wishes: Wishes, parts: EdgeParts): Step {
  const verdict = object && !wishes.noStore ? suits(wishes, standingOf(object, x.receivedAtMs)) : 'no';
  if (object && verdict === 'fresh') return hit(x, object);
  if (object && verdict === 'stale') {
    x.object = object;
    x.verdict = 'stale';
    x.reason = 'asked-stale';
    return 'shape';
  }
  if (wishes.onlyIfCached) throw new Fault('NOT_STORED');
  if (wishes.noStore) return goAlone(x, 'asked-no-store');
  if (!object) return 'join';
  const isForced = wishes.noCache || wishes.maxAgeSeconds !== undefined || object.isFresh(x.receivedAtMs);
  if (!isForced) return expired(x, object, parts);
  x.stale = object;
  x.reason = 'asked-anew';
  return 'join';
}

function standingOf(object: CachedObject, nowMs: number): Standing {
  const { staleIfErrorSeconds, staleWhileRevalidateSeconds } = object.age.lifetime;
  return {
    ageSeconds: object.ageSeconds(nowMs),
    leftSeconds: (object.freshUntilMs - nowMs) / 1000,
    mayBeStale: staleIfErrorSeconds + staleWhileRevalidateSeconds > 0,
    immutable: readCachePolicy(object.head.fields).immutable,
  };
}

/** The stored answer for this request, following a marker to the variant; sets the key it was or will be found at. */
function find(x: Exchange, parts: EdgeParts): CachedObject | undefined {
  const { tier } = parts;
  x.key = x.resource;
  x.part = undefined;
  x.beginning = undefined;
  // What was found before may have been invalidated since.
  x.stale = undefined;
  x.reason = 'absent';
  const entry = tier.get(x.key) ?? broughtFor(x);
  if (entry?.kind === 'object') return entry;
  if (entry?.kind !== 'vary') return undefined;
  x.key = entry.placeOf(variantOf(entry.names, x.request.headers, parts));
  x.reason = 'variant-absent';
  return objectAt(x.key, tier) ?? broughtFor(x) ?? inOtherWords(x, entry, parts);
}

function objectAt(key: string, tier: EdgeParts['tier']): CachedObject | undefined {
  const entry = tier.get(key);
  return entry?.kind === 'object' ? entry : undefined;
}

/** A variant in the very language that is wanted before all others. */
function inOtherWords(x: Exchange, marker: VaryMarker, parts: EdgeParts): CachedObject | undefined {
  const { headers } = x.request;
  const language = marker.hasOtherWords ? firstLanguage(headers['accept-language']) : undefined;
  if (language === undefined) return undefined;
  const variant = marker.variantCalled(variantOf(marker.names, { ...headers, 'accept-language': language }, parts));
  const object = variant === undefined ? undefined : objectAt(marker.placeOf(variant), parts.tier);
  if (object) x.key = object.key;
  return object;
}

/** What came from disk and found no room in memory, or has been pushed out again. */
function broughtFor({ brought, key }: Exchange): CachedObject | undefined {
  return brought?.key === key ? brought : undefined;
}

/** Once for where variants are, once for the variant; whatever comes of it, there is no third time. */
const MAX_SEEKS = 2;

/** Brings what is on disk into memory and looks again, or leaves a large body where it is and serves it from there. */
async function seek(x: Exchange, disk: DiskTier, parts: EdgeParts): Promise<Step> {
  x.seeks += 1;
  const nowMs = x.receivedAtMs;
  let found = await disk.read(x.key, { nowMs, whole: needsWhole(x, parts) });
  if (found instanceof DiskObject && isWantedCoded(x, found.head, found.bodyBytes, parts)) {
    found.close();
    found = await disk.read(x.key, { nowMs, whole: true });
  }
  if (!(found instanceof DiskObject)) {
    if (x.gone) throw new Fault('VIEWER_GONE');
    if (found?.kind === 'object') x.brought = found;
    return 'lookup';
  }
  x.onDisk = found;
  if (x.gone) throw new Fault('VIEWER_GONE');
  x.verdict = 'hit';
  x.reason = 'fresh';
  return 'shape';
}

/** A playlist that is to be written anew, and whatever a viewer has wishes about beyond having it. */
function needsWhole(x: Exchange, parts: EdgeParts): boolean {
  const { 'cache-control': cacheControl, pragma } = x.request.headers;
  return x.method !== 'GET' || cacheControl !== undefined || pragma !== undefined || wantsOwnPlaylist(x, parts);
}

function missed(x: Exchange, parts: EdgeParts): Step {
  if (x.reason !== 'absent') return 'join';
  const part = partOf(x, parts);
  if (part !== undefined) return lookForPart(x, part, parts);
  const entry = x.method === 'GET' ? parts.tier.get(x.resource) : undefined;
  if (entry?.kind === 'parts') x.beginning = entry.beginning();
  return 'join';
}

/**
 * The part that is asked for, where it is worth asking the origin for that alone: not when all of it is on its way, and
 * not when somebody begins at the beginning. Our own segments are small, and what wants one part will want the rest.
 */
function partOf(x: Exchange, { mode, fills }: EdgeParts): string | undefined {
  const { range, 'if-range': ifRange } = x.request.headers;
  if (range === undefined || ifRange !== undefined || mode !== 'proxy' || x.method !== 'GET') return undefined;
  // An operator's page is sent whole.
  if (x.page) return undefined;
  const whole = fills.get(x.resource);
  return whole && !whole.ended ? undefined : singleRange(range);
}

/** A part from parts in store, or to be fetched on its own. */
function lookForPart(x: Exchange, part: string, { tier }: EdgeParts): Step {
  const entry = tier.get(x.resource);
  if (entry?.kind === 'parts' && entry.isFresh(x.receivedAtMs)) {
    const answer = entry.answerTo(parseRange(part, entry.totalBytes));
    if (answer) return hit(x, answer);
  }
  x.part = part;
  x.key = `${x.resource}\nrange=${part}`;
  return 'join';
}

function expired(x: Exchange, object: CachedObject, parts: EdgeParts): Step {
  const nowMs = x.receivedAtMs;
  const resting = lasts(object.restUntilMs, REST_MS, nowMs) && object.mayServeOnError(nowMs);
  if (!resting && !object.mayServeWhileRevalidating(nowMs)) {
    x.stale = object;
    x.reason = 'expired';
    return 'join';
  }
  x.object = object;
  x.verdict = 'stale';
  x.reason = resting ? 'origin-failed' : 'while-revalidating';
  if (!resting) refreshBehind(x, object, parts);
  return 'shape';
}

export function goAlone(x: Exchange, reason: Exchange['reason']): Step {
  x.alone = true;
  x.verdict = 'bypass';
  x.reason = reason;
  return 'fetch';
}
