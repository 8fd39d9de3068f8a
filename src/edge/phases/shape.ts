import { Fault } from '../../kernel/errors.ts';
import { evaluateConditions, ifRangeHolds } from '../../kernel/http/conditional.ts';
import { parseRange, writeContentRange } from '../../kernel/http/range.ts';
import type { CachedObject, StoredAnswer } from '../cache/cached-object.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Reply, Step } from '../exchange.ts';
import { DEBUG_FIELD, debugFields } from '../operator/debug.ts';
import type { EdgeParts } from '../parts.ts';
import { begin, codedHit, negotiate } from './compress.ts';
import { credentialOrigin } from './cors.ts';
import { goForPage } from './error-page.ts';
import { goAlone } from './lookup.ts';
import { fieldsFor, type Subject } from './reply-fields.ts';
import { SignedPlaylists, wantsOwnPlaylist } from './signed-playlist.ts';

/** Turns the answer into this viewer's reply: parts, conditions, age, and what the cache did. */
export function shape(parts: EdgeParts): Phase {
  const { operatorToken: token } = parts;
  const decide = shaping(parts);
  if (!token) return decide;
  return (x) => {
    const asks = x.request.headers[DEBUG_FIELD];
    if (asks === undefined || !token.is(asks)) return decide(x);
    x.debugged = true;
    const step = decide(x);
    return typeof step === 'string' ? tellAbout(x, step, parts) : step.then((then) => tellAbout(x, then, parts));
  };
}

function tellAbout(x: Exchange, step: Step, parts: EdgeParts): Step {
  if (step === 'deliver') x.reply?.fields.push(...debugFields(x, parts));
  return step;
}

function shaping(parts: EdgeParts): Phase {
  const plain = plainHit(parts);
  const hasPages = parts.behavior !== undefined;
  const isAlike = parts.behavior?.dress?.isConstant !== false;
  const signed = new SignedPlaylists(parts);
  return (x) => {
    const stored = x.object ?? x.onDisk;
    const page = hasPages ? pageInstead(x, parts) : undefined;
    if (page) return page;
    if (stored && isWatched(x, stored)) parts.prefetch?.follow(x.resource, x);
    // A block that tells of the disk would be told to those who follow.
    if (isAlike && x.object && x.object !== x.brought && isStored(x) && isPlain(x, parts)) return plain(x, x.object);
    const subject = subjectOf(x);
    if (stored && !x.page && isUnconfirmed(x, parts) && judge(x, subject) === 'failed') return askTheOrigin(x);
    if (wantsOwnPlaylist(x, parts, subject)) return signed.shape(x, subject, (own) => shapeSubject(x, own, parts));
    return shapeSubject(x, subject, parts);
  };
}

/** The operator's own page, where the answer is an error that there is one for. */
function pageInstead(x: Exchange, parts: EdgeParts): Step | Promise<Step> | undefined {
  const status = (x.object ?? x.onDisk)?.head.status ?? x.fill?.answer?.head.status ?? 0;
  return status < 400 ? undefined : goForPage(x, status, parts);
}

/** Decides status and body for a subject. */
function shapeSubject(x: Exchange, subject: Subject, parts: EdgeParts): Step {
  const told = negotiate(x, subject, parts);
  if (x.page && subject.head.status === 200) {
    x.reply = whole(x, begin(x, told, subject, parts), parts, x.page.status);
    return 'deliver';
  }
  x.reply = conditional(x, told, parts) ?? partial(x, told, parts) ?? whole(x, begin(x, told, subject, parts), parts);
  return 'deliver';
}

function subjectOf(x: Exchange): Subject {
  const { object, onDisk } = x;
  if (object) return { head: object.head, sizeBytes: object.body.length, etag: object.head.etag, bytes: object.body };
  if (onDisk) return { head: onDisk.head, sizeBytes: onDisk.bodyBytes, etag: onDisk.head.etag, bytes: undefined };
  const answer = x.fill?.answer;
  if (!answer) throw new Fault('INTERNAL', { detail: { step: 'shape without an answer' } });
  const head = x.leads || x.alone ? answer.head : answer.sharedHead;
  return { head, sizeBytes: answer.declaredBytes, etag: head.etag, bytes: undefined };
}

/** All of it in hand, as it was found or as it has just been fetched. */
function isStored({ verdict }: Exchange): boolean {
  return verdict === 'hit' || verdict === 'collapsed' || verdict === 'miss';
}

/** What may have something behind it that he will want next: a segment of ours, or any file of another origin. */
function isWatched(x: Exchange, { head }: StoredAnswer): boolean {
  return head.status === 200 && x.method === 'GET' && !x.live && (x.film ? x.film.kind === 'segment' : true);
}

/** A viewer's GET for the whole, without conditions, that gets what everybody gets: nearly every request for a segment. */
function isPlain(x: Exchange, parts: EdgeParts): boolean {
  const { headers } = x.request;
  return (
    x.method === 'GET' &&
    !x.page &&
    !x.fromEdge &&
    !x.debugged &&
    headers.range === undefined &&
    headers['if-none-match'] === undefined &&
    headers['if-modified-since'] === undefined &&
    headers['if-match'] === undefined &&
    headers['if-unmodified-since'] === undefined &&
    !wantsOwnPlaylist(x, parts)
  );
}

/** A hot object's header block is written once a second; only the exchange id is each viewer's own. */
function plainHit(parts: EdgeParts): (x: Exchange, object: CachedObject) => Step {
  return (x, object) => {
    if (credentialOrigin(x, parts.films) !== undefined) return shapeSubject(x, subjectOf(x), parts);
    const coded = codedHit(x, object, parts);
    if (coded === 'absent') return shapeSubject(x, subjectOf(x), parts);
    const body = coded ?? object;
    const second = Math.floor(x.receivedAtMs / 1000);
    let block = body.prepared;
    if (block?.second !== second || block.verdict !== x.verdict) {
      const subject = negotiate(x, subjectOf(x), parts);
      const fields = fieldsFor(x, object.head.status, subject, subject.sizeBytes, parts);
      block = { second, verdict: x.verdict, fields, written: undefined, lowered: undefined };
      body.prepared = block;
    }
    block.fields[block.fields.length - 1] = x.id;
    const outgoing = x.response.prefersBytes ? (coded?.bytes ?? object.body) : body.outgoing;
    x.reply = { status: object.head.status, fields: block.fields, prepared: block, body: outgoing };
    return 'deliver';
  };
}

function conditional(x: Exchange, subject: Subject, parts: EdgeParts): Reply | undefined {
  const outcome = askedTheOrigin(x, parts) ? 'send' : judge(x, subject);
  if (outcome === 'send') return undefined;
  const status = outcome === 'not-modified' ? 304 : 412;
  return { status, fields: fieldsFor(x, status, subject, status === 304 ? undefined : 0, parts), body: undefined };
}

/** What comes of a viewer's conditions, given what there is. */
function judge(x: Exchange, { head, etag }: Subject): ReturnType<typeof evaluateConditions> {
  if (head.status !== 200 && head.status !== 206) return 'send';
  const { headers } = x.request;
  return evaluateConditions(
    {
      ifMatch: headers['if-match'],
      ifNoneMatch: headers['if-none-match'],
      ifModifiedSince: headers['if-modified-since'],
      ifUnmodifiedSince: headers['if-unmodified-since'],
    },
    { etag, lastModified: head.lastModified, date: head.date },
    x.receivedAtMs,
  );
}

/** Once: what the origin has just said, to this viewer or about this copy, is not asked again. */
function isUnconfirmed({ alone, verdict }: Exchange, { mode }: EdgeParts): boolean {
  return mode === 'proxy' && !alone && (verdict === 'hit' || verdict === 'stale');
}

/**
 * That something is no longer what a viewer means is not for a copy to say: the viewer may know of a newer one. RFC 9111
 * section 4.3.2 keeps caches from judging these conditions, except that what does hold may be served.
 */
function askTheOrigin(x: Exchange): Step {
  x.object = undefined;
  x.onDisk?.close();
  x.onDisk = undefined;
  return goAlone(x, 'precondition');
}

function partial(x: Exchange, subject: Subject, parts: EdgeParts): Reply | undefined {
  const { range: field, 'if-range': ifRange } = x.request.headers;
  const { sizeBytes, head } = subject;
  if (field === undefined || sizeBytes === undefined || head.status !== 200 || x.method !== 'GET') return undefined;
  if (askedTheOrigin(x, parts)) return undefined;
  const validators = { etag: subject.etag, lastModified: head.lastModified, date: head.date };
  const holds = ifRangeHolds(typeof ifRange === 'string' ? ifRange : undefined, validators, x.receivedAtMs);
  const range = holds ? parseRange(field, sizeBytes) : 'whole';
  if (range === 'whole') return undefined;
  const status = range === 'unsatisfiable' ? 416 : 206;
  const lengthBytes = range === 'unsatisfiable' ? 0 : range.end - range.start;
  const fields = fieldsFor(x, status, subject, lengthBytes, parts);
  fields.unshift('Content-Range', writeContentRange(range, sizeBytes));
  return { status, fields, body: range === 'unsatisfiable' ? undefined : bodyOf(x, subject, range) };
}

function whole(x: Exchange, subject: Subject, parts: EdgeParts, status = subject.head.status): Reply {
  const fields = fieldsFor(x, status, subject, subject.sizeBytes, parts);
  const bodiless = x.method === 'HEAD' || status === 204 || status === 304;
  return { status, fields, body: bodiless ? undefined : bodyOf(x, subject, { start: 0, end: subject.sizeBytes }) };
}

/** In proxy mode a viewer who is served alone has had conditions and range judged by the origin. */
function askedTheOrigin(x: Exchange, { mode }: EdgeParts): boolean {
  return x.alone && mode === 'proxy';
}

function bodyOf(x: Exchange, { bytes }: Subject, range: { start: number; end: number | undefined }): Reply['body'] {
  if (bytes) return isWhole(range, bytes.length) ? bytes : bytes.subarray(range.start, range.end);
  // Before the disk: of what lies there a coding may be in the making.
  if (x.reader) return { reader: x.reader, start: range.start, end: range.end };
  if (x.onDisk) return { object: x.onDisk, start: range.start, end: range.end ?? x.onDisk.bodyBytes };
  throw new Fault('INTERNAL', { detail: { step: 'shape without a reader' } });
}

function isWhole(range: { start: number; end: number | undefined }, sizeBytes: number): boolean {
  return range.start === 0 && range.end === sizeBytes;
}
