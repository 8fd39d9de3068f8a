import { Fault } from '../../kernel/errors.ts';
import { SURROGATE_NAME } from '../../kernel/http/cache-policy.ts';
import { type Coding, isCompressible, readAcceptEncoding, weakTag } from '../../kernel/http/coding.ts';
import { variantKey } from '../../kernel/http/vary.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import type { CodedBody, Codings } from '../cache/codings.ts';
import type { Compressions, Uncoded } from '../cache/compressions.ts';
import type { Exchange } from '../exchange.ts';
import { isLiveList } from '../live/live-ask.ts';
import type { EdgeParts } from '../parts.ts';
import type { Subject } from './reply-fields.ts';

/**
 * The coding this viewer is sent. None where he speaks of the bytes of the body as it is (a range, a condition that
 * compares them), wants nothing changed, or could not tell an end from a break: HTTP/1.0 has no chunks.
 */
function wantedCoding({ request: { headers, httpVersion } }: Exchange): Coding | undefined {
  const accepts = headers['accept-encoding'];
  if (accepts === undefined || httpVersion === '1.0') return undefined;
  if (headers.range !== undefined || headers['if-range'] !== undefined || headers['if-match'] !== undefined)
    return undefined;
  if (headers['cache-control']?.toLowerCase().includes('no-transform')) return undefined;
  return readAcceptEncoding(accepts).coding;
}

/** What an edge that compresses says of itself to who stands behind it, who may be an edge too. */
const CAPABILITY = `${SURROGATE_NAME}="Surrogate/1.0 Coding/1.0"`;

export function capabilityOf({ compressions }: EdgeParts): string {
  return compressions ? CAPABILITY : `${SURROGATE_NAME}="Surrogate/1.0"`;
}

/**
 * Another edge asks, which compresses by itself: of the body as it is it needs one copy for all codings, parts, and what it
 * reads in playlists. Were it told that this one varies, it would take the choice for made.
 */
function isForAnEdge({ request: { headers } }: Exchange): boolean {
  return headers['surrogate-capability']?.includes(CAPABILITY) === true;
}

/** Looked at once an object: nearly all are segments. */
function isCompressibleObject(object: CachedObject): boolean {
  object.compressible ??= isCompressible(object.head, object.body.length);
  return object.compressible;
}

/**
 * A hit in this viewer's coding: undefined where he gets the body as it is, `absent` where that is still to be coded, or
 * to be told otherwise than to others.
 */
export function codedHit(
  x: Exchange,
  object: CachedObject,
  { compressions }: EdgeParts,
): CodedBody | 'absent' | undefined {
  if (!compressions || !isCompressibleObject(object)) return undefined;
  if (isForAnEdge(x)) return 'absent';
  const coding = wantedCoding(x);
  if (coding === undefined) return undefined;
  const coded = object.codings?.get(coding) ?? (isLiveList(x.live) ? compressions.codeNow(object, coding) : undefined);
  if (!coded) return 'absent';
  return coded.bytes ? coded : undefined;
}

/** What this viewer is told and sent of a subject: in a coding of his, where there is one for it; else as it is. */
export function negotiate(x: Exchange, subject: Subject, parts: EdgeParts): Subject {
  if (!parts.compressions || !isNegotiated(x, subject) || isForAnEdge(x)) return subject;
  const coding = isCodable(x, subject, parts) ? wantedCoding(x) : undefined;
  const coded = coding && codingsOf(x, subject)?.get(coding);
  if (coding === undefined || (coded && !coded.bytes)) return { ...subject, coding: 'identity' };
  return { ...subject, coding, etag: weakTag(subject.etag), sizeBytes: coded?.bytes?.length, bytes: coded?.bytes };
}

/** What `negotiate` made of a subject, with the viewer among those who read its coding where that is being made. */
export function begin(x: Exchange, negotiated: Subject, subject: Subject, { compressions }: EdgeParts): Subject {
  const { coding, bytes } = negotiated;
  if (!compressions || coding === undefined || coding === 'identity' || bytes || x.method !== 'GET') return negotiated;
  const reader = compressions.read(uncodedOf(x, subject, compressions), coding);
  if (!reader) return { ...subject, coding: 'identity' };
  // After the compressor has joined, so that the fill is at no time without a reader.
  x.reader?.leave();
  x.reader = reader;
  return negotiated;
}

/** Whether caches must be told that viewers get different codings of it: where it is stored, as nothing else is coded. */
function isNegotiated(x: Exchange, { head, sizeBytes, view }: Subject): boolean {
  if (x.object && !view) return isCompressibleObject(x.object);
  const answer = view || x.onDisk ? undefined : x.fill?.answer;
  return answer?.admission.reason === undefined && isCompressible(head, sizeBytes);
}

/**
 * Whether this very answer may be coded. Only where all who come later have something of it: an answer that is one
 * viewer's would be coded for each request, and may hold what must not be told by its length.
 */
function isCodable(x: Exchange, { head, view }: Subject, { tier }: EdgeParts): boolean {
  if (head.status !== 200) return false;
  // One viewer's own of a state that is gone in a moment.
  if (view) return !x.live;
  if (x.onDisk) return false;
  if (x.object) return tier.standingFor(x.object) === x.object;
  // A HEAD is told what a GET would be.
  return x.method === 'HEAD' || (!x.alone && x.fill?.kept === true);
}

function codingsOf({ object, fill }: Exchange, { view }: Subject): Codings | undefined {
  return view ? view.codings : (object ?? fill?.object)?.codings;
}

function uncodedOf(x: Exchange, { head, view }: Subject, compressions: Compressions): Uncoded {
  if (view) return view.uncoded;
  const { fill } = x;
  const object = x.object ?? fill?.object;
  if (object) return compressions.ofObject(object);
  if (!fill) throw new Fault('INTERNAL', { detail: { step: 'coding without a body' } });
  return compressions.ofFill(fill, head);
}

/** Whether an object on disk is wanted in memory, where it can be coded. */
export function isWantedCoded(x: Exchange, head: CachedObject['head'], bytes: number, parts: EdgeParts): boolean {
  return parts.compressions !== undefined && wantedCoding(x) !== undefined && isCompressible(head, bytes);
}

/**
 * What an origin is told about codings: every one of ours that the viewer takes, in one order and without weights, so that
 * one which codes by itself makes a handful of variants. Undefined where the viewer's own words go on as they are.
 */
export function toldCodings(headers: Exchange['request']['headers'], { compressions }: EdgeParts): string | undefined {
  return compressions && readAcceptEncoding(headers['accept-encoding']).told;
}

/** What tells an answer's variants apart, as its origin was asked. */
export function variantOf(names: readonly string[], headers: Exchange['request']['headers'], parts: EdgeParts): string {
  return variantKey(names, headers, toldCodings(headers, parts));
}
