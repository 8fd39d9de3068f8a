import type { Asked } from '../../kernel/distribution/response-headers.ts';
import { type TimingFacts, writeServerTiming } from '../../kernel/distribution/server-timing.ts';
import { type CacheStatus, writeCacheStatus } from '../../kernel/http/cache-status.ts';
import { addVary, type Coding, codedFields } from '../../kernel/http/coding.ts';
import type { Codings } from '../cache/codings.ts';
import type { Uncoded } from '../cache/compressions.ts';
import type { Representation } from '../cache/representation.ts';
import type { Exchange } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import { corsFieldsFor } from './cors.ts';

/** What is about to be sent, wherever it comes from. */
export interface Subject {
  readonly head: Representation;
  /** Undefined while it is not known: an origin that did not say, an answer still arriving. */
  readonly sizeBytes: number | undefined;
  readonly etag: string | undefined;
  /** All of it, when it is in hand. */
  readonly bytes: Buffer | undefined;
  /** What this viewer gets it in, `identity` where others get a coding. Undefined where nobody does. */
  readonly coding?: Coding | 'identity' | undefined;
  /** Made out of what is stored, for some viewers: it has codings of its own. */
  readonly view?: { readonly codings: Codings; readonly uncoded: Uncoded };
}

/** All fields of a reply; the exchange id's value is the last element. */
export function fieldsFor(
  x: Exchange,
  status: number,
  subject: Subject,
  lengthBytes: number | undefined,
  parts: EdgeParts,
): string[] {
  const { head, coding } = subject;
  const nowMs = parts.clock.now();
  const isCoded = coding !== undefined && coding !== 'identity';
  // An edge keeps it under its tags, as this one does.
  const given = x.fromEdge ? head.fields : head.viewerFields;
  const fields = isCoded ? codedFields(given) : [...given];
  // Not on a 304, which may confirm a copy of the body as it is: caches take its fields over.
  if (isCoded && status !== 304) fields.push('Content-Encoding', coding);
  if (lengthBytes !== undefined && status !== 204) fields.push('Content-Length', String(lengthBytes));
  if (!hasField(fields, 'server')) fields.push('Server', 'frontrow');
  if (head.status === 200 && !isCoded && subject.sizeBytes !== undefined && !hasField(fields, 'accept-ranges')) {
    fields.push('Accept-Ranges', 'bytes');
  }
  fields.push('Date', head.date);
  const ageSeconds = ageOf(x, nowMs);
  if (ageSeconds !== undefined) fields.push('Age', String(ageSeconds));
  fields.push('Via', `${head.via === undefined ? '' : `${head.via}, `}1.1 ${parts.edgeId} (Frontrow)`);
  fields.push('X-Cache', xCache(x, head.status));
  const ours = writeCacheStatus('frontrow', cacheStatus(x, nowMs));
  fields.push('Cache-Status', head.cacheStatus === undefined ? ours : `${head.cacheStatus}, ${ours}`);
  fields.push(...corsFieldsFor(x, parts.films));
  if (coding !== undefined) addVary(fields);
  return identified(x, fields, parts);
}

/**
 * As the operator's policy has it, and with the exchange's id behind everything else. An edge does that for its own viewers,
 * and needs to know what they are not to see.
 */
export function identified(x: Exchange, fields: string[], { behavior, edgeId }: EdgeParts): string[] {
  const dressed = behavior?.dress && !x.fromEdge ? behavior.dress.fields(fields, askedBy(x, edgeId)) : fields;
  dressed.push('X-Frontrow-Id', x.id);
  return dressed;
}

/** What of a request bears on a response headers policy. */
function askedBy(x: Exchange, edgeId: string): Asked {
  const { origin, pragma } = x.request.headers;
  const { 'access-control-request-method': wanted, 'access-control-request-headers': requestedHeaders } =
    x.request.headers;
  const isHit = x.verdict === 'hit' || x.verdict === 'stale';
  return {
    ...{ origin, method: x.method, isPreflight: x.method === 'OPTIONS' && wanted !== undefined, requestedHeaders },
    timing: {
      isWanted: pragma?.toLowerCase() === 'server-timing',
      draw: Math.random() * 100,
      isHit,
      metrics: () => writeServerTiming(timingOf(x, isHit, edgeId)),
    },
  };
}

function timingOf(x: Exchange, isHit: boolean, edgeId: string): TimingFacts {
  const passedMs = performance.now() - x.startedAt;
  const refreshed = x.verdict === 'revalidated' ? 'refresh' : 'miss';
  return {
    outcome: isHit ? 'hit' : refreshed,
    ...{ edgeId, exchangeId: x.id, firstByteMs: passedMs },
    upstreamFirstByteMs: isHit ? undefined : passedMs,
  };
}

function hasField(fields: readonly string[], name: string): boolean {
  for (let at = 0; at < fields.length; at += 2) if (fields[at]?.toLowerCase() === name) return true;
  return false;
}

/** An answer straight from the origin keeps the age it came with, if any; one from memory always tells it. */
function ageOf(x: Exchange, nowMs: number): number | undefined {
  const stored = x.object ?? x.onDisk;
  if (stored) return stored.ageSeconds(nowMs);
  const answer = x.fill?.answer;
  const seconds = answer ? Math.floor((nowMs - answer.bornAtMs) / 1000) : 0;
  return seconds > 0 || x.verdict === 'collapsed' ? Math.max(0, seconds) : undefined;
}

function xCache(x: Exchange, status: number): string {
  if (status >= 400 || x.page) return 'Error from frontrow';
  if (x.verdict === 'revalidated') return 'RefreshHit from frontrow';
  return x.verdict === 'miss' || x.verdict === 'bypass' ? 'Miss from frontrow' : 'Hit from frontrow';
}

function cacheStatus(x: Exchange, nowMs: number): CacheStatus {
  const { verdict, reason, object, onDisk, brought, fill } = x;
  const stands = object ?? onDisk;
  const ttlSeconds = stands ? Math.floor((stands.freshUntilMs - nowMs) / 1000) : undefined;
  const ttl = ttlSeconds === undefined ? {} : { ttlSeconds };
  const stored = fill?.kept ? { stored: true } : {};
  switch (verdict) {
    case 'hit':
      return { hit: true, ...ttl, ...(onDisk || (object && object === brought) ? { detail: 'disk' } : {}) };
    case 'stale':
      return { hit: true, ...ttl, detail: reason };
    case 'revalidated':
      return { fwd: 'stale', fwdStatus: 304, ...ttl, detail: reason };
    case 'collapsed':
      return { fwd: x.stale ? 'stale' : 'uri-miss', collapsed: true, ...ttl, detail: reason };
    case 'miss':
      return { fwd: MISS_WORD[reason] ?? 'uri-miss', ...stored, detail: reason };
    case 'bypass':
      return { fwd: reason === 'method' ? 'method' : 'bypass', detail: reason };
  }
}

const MISS_WORD: Partial<Record<Exchange['reason'], 'stale' | 'vary-miss' | 'request'>> = {
  expired: 'stale',
  'asked-anew': 'request',
  'variant-absent': 'vary-miss',
};
