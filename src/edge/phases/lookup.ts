import { variantKey } from '../../kernel/http/vary.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import { refreshBehind } from './fetch.ts';

/** Whether the answer may come from memory. A GET with a body asks for something that its key does not tell. */
function isCacheable(x: Exchange, { mode }: EdgeParts): boolean {
  return (x.method === 'GET' || x.method === 'HEAD') && (mode === 'film' || !x.hasBody);
}

/** Looks for a stored answer. Never waits. */
export function lookup(parts: EdgeParts): Phase {
  return (x) => {
    if (!isCacheable(x, parts)) {
      x.key = x.resource;
      return goAlone(x, 'method');
    }
    const object = find(x, parts);
    if (!object) return missed(x);
    const nowMs = x.receivedAtMs;
    if (object.isFresh(nowMs)) {
      x.object = object;
      x.verdict = 'hit';
      x.reason = 'fresh';
      return 'shape';
    }
    return expired(x, object, parts);
  };
}

/** The stored answer for this request, following a marker to the variant; sets the key it was or will be found at. */
function find(x: Exchange, { tier }: EdgeParts): CachedObject | undefined {
  x.key = x.resource;
  const entry = tier.get(x.key);
  if (entry?.kind !== 'vary') return entry;
  x.key = `${entry.key}\n${variantKey(entry.names, x.request.headers)}`;
  x.reason = 'variant-absent';
  const variant = tier.get(x.key);
  return variant?.kind === 'object' ? variant : undefined;
}

function missed(x: Exchange): Step {
  if (x.reason !== 'variant-absent') x.reason = 'absent';
  return 'join';
}

function expired(x: Exchange, object: CachedObject, parts: EdgeParts): Step {
  const nowMs = x.receivedAtMs;
  const resting = nowMs < object.restUntilMs && object.mayServeOnError(nowMs);
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
