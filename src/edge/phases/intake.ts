import type { IncomingHttpHeaders } from 'node:http';
import type { Keeping } from '../../kernel/distribution/lifetime.ts';
import { Fault } from '../../kernel/errors.ts';
import { type CachePolicy, readCachePolicy } from '../../kernel/http/cache-policy.ts';
import { shareStrongValidator, strongTag } from '../../kernel/http/conditional.ts';
import { type FieldList, fieldOf, firstOf, type ResponseHead, withoutFields } from '../../kernel/http/fields.ts';
import {
  initialAgeSeconds,
  type Lifetime,
  planLifetime,
  statedAgeSeconds,
  statedSeconds,
} from '../../kernel/http/freshness.ts';
import { type ContentRange, parseContentRange } from '../../kernel/http/range.ts';
import { type UnstorableReason, whyNotStorable } from '../../kernel/http/storable.ts';
import { varyNames } from '../../kernel/http/vary.ts';
import type { LiveObject } from '../../kernel/live/paths.ts';
import type { Admission } from '../cache/admission.ts';
import { CachedObject, REST_MS, VaryMarker } from '../cache/cached-object.ts';
import type { Answer, Fill, FillOwner } from '../cache/fill.ts';
import { type Beginning, PartialObject } from '../cache/partial-object.ts';
import { Representation } from '../cache/representation.ts';
import type { Exchange } from '../exchange.ts';
import { isFleeting } from '../live/live-ask.ts';
import type { EdgeParts } from '../parts.ts';
import type { UpstreamCall } from '../upstream.ts';
import { variantOf } from './compress.ts';
import { liveLifetime, mediaLifetime } from './media-lifetime.ts';
import { type Here, namesTheSame, ownKey } from './own-key.ts';

/** Reasons that say something about the resource rather than about this moment. */
const LASTING: ReadonlySet<Admission['reason']> = new Set([
  'no-store',
  'private',
  'set-cookie',
  'vary-star',
  'partial',
  'not-understood',
  'no-lifetime',
  'too-large',
]);
/** Told to who went in a circle, by his own word: no failure of the origin's. RFC 5842 section 7.2. */
const LOOP = 508;
/** Reasons under which a failure may still be told to all who waited for it. */
const ABOUT_FAILURE: ReadonlySet<Admission['reason']> = new Set(['status', 'retry-later', 'no-lifetime']);

/** What was asked of the origin, and for whom. */
export interface Wanted {
  readonly method: string;
  readonly resource: string;
  /** Without a query. */
  readonly path: string;
  /** The part that was asked for, where it was not the whole. */
  readonly part: string | undefined;
  /** What was in hand, where only the rest was asked for. */
  readonly beginning?: Beginning | undefined;
  readonly headers: IncomingHttpHeaders;
  /** For one viewer, past the cache. */
  readonly alone: boolean;
  /** What of a broadcast it is; undefined for everything else. */
  readonly live: LiveObject | undefined;
  /** The copy in hand: the origin was asked to confirm it, or is asked about it by HEAD. */
  readonly stale: CachedObject | undefined;
  /** Asks the same without conditions. */
  readonly askAgain?: (fill: Fill) => UpstreamCall;
  /** Whoever made the edge ask. */
  readonly viewer: Exchange;
  /** Called once with whether it brought an entry. */
  readonly onEnd?: ((stored: boolean) => void) | undefined;
}

/**
 * Decides what becomes of one answer: kept, handed on, or taken as consent to the copy in hand. It remembers the request
 * that led to it, since the viewer may be gone by the time the answer comes.
 */
export class Intake implements FillOwner {
  readonly #wanted: Wanted;
  readonly #parts: EdgeParts;
  #askedAtMs: number;
  /** Bans that are newer may mean what comes. */
  #checked: number;
  #isAsking = true;
  #reservedBytes = 0;
  #askedAgain = false;

  constructor(wanted: Wanted, parts: EdgeParts) {
    this.#wanted = wanted;
    this.#parts = parts;
    this.#askedAtMs = parts.clock.now();
    this.#checked = parts.bans.begin();
  }

  judge(fill: Fill, sent: ResponseHead): Answer | CachedObject | 'again' {
    const head = this.#wanted.live ? withoutVary(sent) : (this.#parts.behavior?.rules?.received(sent) ?? sent);
    const nowMs = this.#parts.clock.now();
    const bornAtMs = nowMs - this.#ageSeconds(head, nowMs) * 1000;
    const { stale, method, beginning } = this.#wanted;
    if (beginning && !this.#askedAgain && ABOUT_PARTS.has(head.status)) {
      const whole = headOfWhole(beginning, head, nowMs);
      return whole ? { ...this.#answer(fill, whole, nowMs, bornAtMs), prefix: beginning.bytes } : 'again';
    }
    if (stale && head.status === 304 && method === 'GET') {
      return isAboutAnother(head, stale)
        ? 'again'
        : this.#refresh(stale, head, { nowMs, bornAtMs, isOld: fill.outdated });
    }
    if (stale && method === 'HEAD' && isSameByHead(head, stale)) {
      const isOld = this.#parts.tier.get(stale.key) !== stale;
      return this.#refresh(stale, head, { nowMs, bornAtMs, isOld });
    }
    this.#invalidate(head, fill);
    // Whoever asked for a part and is told about the whole has asked for everybody. What is wrong may be with the part.
    if (this.#wanted.part !== undefined && head.status < 400 && !ABOUT_PARTS.has(head.status))
      this.#parts.fills.move(fill, this.#wanted.resource);
    return this.#answer(fill, head, nowMs, bornAtMs);
  }

  /** An answer about a broadcast is as old as whoever gave it says: it was held because it was not there yet. */
  #ageSeconds(head: ResponseHead, nowMs: number): number {
    return this.#wanted.live ? statedAgeSeconds(head.fields) : initialAgeSeconds(head, this.#askedAtMs, nowMs);
  }

  #answer(fill: Fill, head: ResponseHead, nowMs: number, bornAtMs: number): Answer {
    const declaredBytes = contentLength(head);
    const admission = this.#admit(head, declaredBytes, nowMs, fill.traits.ahead);
    this.#remember(fill, admission, nowMs);
    if (head.status >= 500 && head.status !== LOOP) this.#rest(nowMs);
    const variant = variantOf(admission.varyNames, this.#wanted.headers, this.#parts);
    if (admission.keep) this.#announceVariant(fill, admission.varyNames, variant);
    const own = new Representation(head, nowMs);
    const sharedHead = admission.unkeptFields.length === 0 ? own : own.without(admission.unkeptFields);
    return { head: own, sharedHead, admission, declaredBytes, bornAtMs, variant };
  }

  /** Whoever wants another variant shall not wait for all of this one to learn that there are several. */
  #announceVariant(fill: Fill, names: readonly string[], variant: string): void {
    const { tier, fills } = this.#parts;
    if (names.length === 0 || fill.outdated || this.#wanted.alone) return;
    const entry = tier.peek(this.#wanted.resource);
    // An older copy may have to be served yet, should this one break off.
    if (entry && entry.kind !== 'vary') return;
    const marker = this.#markerFor(names);
    if (entry === marker || tier.put(marker)) fills.move(fill, marker.placeOf(variant));
  }

  askAgain(fill: Fill): UpstreamCall {
    const { bans, clock } = this.#parts;
    this.#askedAtMs = clock.now();
    bans.end(this.#checked);
    this.#checked = bans.begin();
    this.#askedAgain = true;
    if (!this.#wanted.askAgain) throw new Fault('INTERNAL', { detail: { step: 'asking again for nobody' } });
    return this.#wanted.askAgain(fill);
  }

  reserve(_fill: Fill, bytes: number): boolean {
    const { tier } = this.#parts;
    if (this.#reservedBytes + bytes > tier.largestObjectBytes || !tier.reserve(bytes)) return false;
    this.#reservedBytes += bytes;
    return true;
  }

  unkept(fill: Fill): void {
    this.#parts.fills.retire(fill);
    this.#endAsking();
  }

  /** Nothing more of it will be stored: no ban need wait for it, which may go on for hours. */
  #endAsking(): void {
    if (this.#isAsking) this.#parts.bans.end(this.#checked);
    this.#isAsking = false;
  }

  store(fill: Fill, answer: Answer, body: Buffer): CachedObject | undefined {
    this.#release();
    if (answer.head.status === 206) return this.#storePart(fill, answer, body);
    const { tier } = this.#parts;
    const { varyNames: names, lifetime } = answer.admission;
    const marker = names.length === 0 ? undefined : this.#markerFor(names);
    const key = marker ? marker.placeOf(answer.variant) : this.#wanted.resource;
    const age = { bornAtMs: answer.bornAtMs, lifetime, checked: this.#checked };
    const object = new CachedObject(key, answer.sharedHead, body, age);
    if (!fill.outdated && this.#put(object) && marker) {
      if (tier.get(marker.key) !== marker) tier.put(marker);
      this.#nameByLanguage(marker, answer);
    }
    if (object.head.status === 200) this.#lookAhead(fill, object);
    return object;
  }

  /** What is dead within seconds is not worth a disk's time. */
  #put(object: CachedObject): boolean {
    const { live } = this.#wanted;
    const { tier } = this.#parts;
    return live && isFleeting(live) ? tier.putInMemory(object) : tier.put(object);
  }

  ended(fill: Fill): void {
    this.#release();
    this.#endAsking();
    this.#parts.fills.forget(fill);
    this.#wanted.onEnd?.(fill.object !== undefined);
    const { fault } = fill;
    if (fault?.side !== 'upstream') return;
    if (fill.kept && fill.answer) this.#keepBeginning(fill, fill.answer);
    const atMs = this.#parts.clock.now();
    this.#rest(atMs);
    this.#parts.fills.noteRefusal(fill.traits.key, { reason: fault.code, atMs });
    // Once a fill, not once a viewer, and not where nothing was tried: a dead origin must not flood the log.
    if (fault.code === 'ORIGIN_CIRCUIT_OPEN') return;
    this.#parts.log.warn({ path: this.#wanted.path, code: fault.code, ...fault.detail }, 'fill failed');
  }

  /** Parts of the same state of a body are joined, and are the whole when nothing is missing. RFC 9111 section 3.4. */
  #storePart(fill: Fill, { sharedHead: head, bornAtMs, admission }: Answer, body: Buffer): undefined {
    const range = partRange(head.fields, body.length);
    if (!range || fill.outdated) return;
    const age = { bornAtMs, lifetime: admission.lifetime, checked: this.#checked };
    const piece = { start: range.start, bytes: body };
    this.#joinPart(new PartialObject(this.#wanted.resource, head, age, range.totalBytes, [piece]));
  }

  /** What came of a body that broke off, when it can be told to which state of it the rest belongs. RFC 9111 section 3.3. */
  #keepBeginning(fill: Fill, { sharedHead: head, bornAtMs, admission, declaredBytes }: Answer): void {
    const { resource, method } = this.#wanted;
    const isSure = strongTag(head.etag) !== undefined && admission.varyNames.length === 0 && !fill.outdated;
    const isBegun = declaredBytes !== undefined && fill.receivedBytes > 0 && fill.receivedBytes < declaredBytes;
    if (!isSure || !isBegun || head.status !== 200 || method !== 'GET' || this.#parts.mode === 'film') return;
    const age = { bornAtMs, lifetime: admission.lifetime, checked: this.#checked };
    const piece = { start: 0, bytes: fill.arrived() };
    this.#joinPart(new PartialObject(resource, head.restated(206, []), age, declaredBytes, [piece]));
  }

  #joinPart(part: PartialObject): void {
    const { tier } = this.#parts;
    const entry = tier.get(part.key);
    if (entry && entry.kind !== 'parts') return;
    const fits = entry?.totalBytes === part.totalBytes && shareStrongValidator(entry.head, part.head);
    const joined = fits ? entry.joinedBy(part) : part;
    const kept = joined.sizeBytes <= tier.largestObjectBytes ? joined : part;
    tier.put(kept.whole() ?? kept);
  }

  /** The copy in hand lives on under the newer fields. RFC 9111 sections 4.3.4 and 4.3.5. */
  #refresh(stale: CachedObject, head: ResponseHead, { nowMs, bornAtMs, isOld }: Confirmation): CachedObject {
    const { tier, prefetch, compressions } = this.#parts;
    const merged = stale.head.refreshedBy(head, nowMs);
    const stored = { status: merged.status, fields: [...merged.fields, 'Date', merged.date] };
    const policy = readCachePolicy(stored.fields);
    // The origin may have changed its mind about keeping it.
    const { lifetime, reason: unstorable } = this.#keeping({
      ...{ method: 'GET', authorized: false, head: stored, policy, nowMs, partsKept: () => false },
      ageSeconds: (nowMs - bornAtMs) / 1000,
    });
    const kept = merged.without(policy.unkeptFields);
    const object = new CachedObject(stale.key, kept, stale.body, { bornAtMs, lifetime, checked: this.#checked });
    if (unstorable && !isOld) tier.delete(stale.key);
    if (!unstorable && !isOld && this.#put(object)) compressions?.handOn(stale, object);
    prefetch?.recall(this.#wanted.resource, object.body, this.#wanted.headers.host);
    return object;
  }

  /** What arrived may tell what comes next: a playlist by what it says, a segment by having been watched. */
  #lookAhead(fill: Fill, { body }: CachedObject): void {
    const { prefetch } = this.#parts;
    const { resource, viewer, headers, live } = this.#wanted;
    if (live?.kind === 'playlist') {
      this.#parts.live.learn(resource, body, fill.watched ? viewer : undefined);
    }
    if (live) return;
    prefetch?.learn(resource, body, headers.host);
    if (fill.watched) prefetch?.follow(resource, viewer);
  }

  #admit(head: ResponseHead, declaredBytes: number | undefined, nowMs: number, ahead: boolean): Admission {
    const { headers, alone } = this.#wanted;
    const policy = readCachePolicy(head.fields);
    const authorized = headers.authorization !== undefined && this.#seesAuthorization();
    const forGet = this.#standsForGet(head, policy, nowMs);
    // Of a HEAD what is said about the GET that it asks about.
    const method = forGet || this.#wanted.method === 'HEAD' || this.#keepsOptions ? 'GET' : this.#wanted.method;
    const partsKept = (lifetime: Lifetime) => this.#keepsPart(head, lifetime, declaredBytes);
    const ageSeconds = this.#ageSeconds(head, nowMs);
    const { lifetime, reason: unstorable } = this.#keeping({
      method,
      authorized,
      head,
      policy,
      nowMs,
      partsKept,
      ageSeconds,
    });
    const reason = unstorable ?? this.#whyNotHere(head, declaredBytes, nowMs, ahead);
    const names = this.#varyNames(head);
    return {
      keep: reason === undefined && (!alone || forGet),
      // A refusal is one viewer's own; a failure is told to all who wait, so that they do not all ask an origin in trouble.
      // Of a broadcast nothing was said about whoever asks, so that whatever is answered is for all.
      shared:
        reason === undefined ||
        this.#wanted.live !== undefined ||
        (head.status >= 500 && head.status !== LOOP && ABOUT_FAILURE.has(reason)),
      reason,
      lifetime,
      varyNames: names === '*' ? [] : names,
      unkeptFields: policy.unkeptFields,
    };
  }

  /** The operator has answers to OPTIONS kept as those to GET are, under keys of their own. */
  get #keepsOptions(): boolean {
    return this.#wanted.method === 'OPTIONS' && this.#parts.behavior?.rules?.keepsOptions === true;
  }

  /** Not one that expires at once, nor one of several variants, nor one whose place and length contradict each other. */
  #keepsPart(head: ResponseHead, lifetime: Lifetime, declaredBytes: number | undefined): boolean {
    if (this.#wanted.part === undefined || lifetime.freshSeconds === 0 || this.#varyNames(head).length > 0)
      return false;
    return partRange(head.fields, declaredBytes) !== undefined;
  }

  /**
   * Where the origin is told which host a viewer asks for, that is one more thing the answer depends on. What it was not
   * told makes none: an operator who leaves a field out means one answer for all.
   */
  #varyNames(head: ResponseHead): readonly string[] | '*' {
    const rules = this.#parts.behavior?.rules;
    const stated = varyNames(head);
    if (rules && stated === '*') return [];
    const names = rules && stated !== '*' ? stated.filter((name) => rules.sees(name)) : stated;
    return names === '*' || names.includes('host') || !this.#parts.origin.varyByHost ? names : [...names, 'host'];
  }

  #lifetimeOf(head: ResponseHead, policy: CachePolicy, nowMs: number): Lifetime {
    const planned = planLifetime(head, policy, nowMs, this.#parts.settings);
    const { path, live } = this.#wanted;
    const lifetime = mediaLifetime(planned, head, policy, path, nowMs);
    return live?.kind === 'playlist' ? liveLifetime(lifetime) : lifetime;
  }

  /** Whether an answer may be kept and for how long: by the operator's policy where there is one, else by HTTP's rules. */
  #keeping({ method, partsKept, ...question }: KeepingQuestion): Keeping {
    const rules = this.#parts.behavior?.rules;
    const { head, policy, nowMs, authorized } = question;
    if (rules) {
      if (method !== 'GET') return { lifetime: NO_TIME, reason: 'method' };
      return rules.keeping({ ...question, partsKept: partsKept(EVER) }, this.#wanted.path);
    }
    const lifetime = this.#lifetimeOf(head, policy, nowMs);
    const { cacheSetCookie: cookiesKept } = this.#parts.settings;
    const asked = { method, authorized, head, policy, lifetime, nowMs, cookiesKept, partsKept: partsKept(lifetime) };
    return { lifetime, reason: whyNotStorable(asked) };
  }

  /** Whether the answer can depend on who the viewer says he is, without the key telling. */
  #seesAuthorization(): boolean {
    const { behavior, mode } = this.#parts;
    return behavior?.rules ? behavior.rules.sees('authorization') : mode === 'proxy';
  }

  /**
   * An answer to POST that says it is what a GET would bring, and for how long. RFC 9110 section 9.3.3. Of a distribution
   * it is not: a POST tells the origin who asks and what by no policy, and so its answer is for one viewer.
   */
  #standsForGet(head: ResponseHead, policy: CachePolicy, nowMs: number): boolean {
    const { mode, behavior } = this.#parts;
    if (this.#wanted.method !== 'POST' || head.status !== 200 || mode === 'film' || behavior) return false;
    const names = firstOf(head.fields, 'content-location');
    return namesTheSame(names, this.#here) && statedSeconds(head, policy, nowMs) !== undefined;
  }

  #whyNotHere(
    head: ResponseHead,
    declaredBytes: number | undefined,
    nowMs: number,
    ahead: boolean,
  ): Admission['reason'] {
    if (this.#wanted.part !== undefined && head.status >= 400) return 'status' satisfies UnstorableReason;
    // Nobody has asked yet: what a viewer would be told is for him to find out.
    if (ahead && head.status !== 200) return 'status' satisfies UnstorableReason;
    if ((declaredBytes ?? 0) > this.#parts.tier.largestObjectBytes) return 'too-large';
    // A failure, even a lasting one, must not push out a copy that can still be served around it.
    if (head.status >= 500 && this.#wanted.stale?.mayServeOnError(nowMs)) return 'status' satisfies UnstorableReason;
    return undefined;
  }

  #remember(fill: Fill, { reason }: Admission, nowMs: number): void {
    if (this.#wanted.method !== 'GET') return;
    if (reason !== undefined) this.#parts.fills.noteRefusal(fill.traits.key, { reason, atMs: nowMs });
    if (this.#wanted.live) return;
    if (LASTING.has(reason)) this.#parts.fills.markUncacheable(fill.traits.key, nowMs);
    else if (reason === undefined) this.#parts.fills.unmark(fill.traits.key);
  }

  /** The one that stands, when it names the same fields. */
  #markerFor(names: readonly string[]): VaryMarker {
    const { resource } = this.#wanted;
    const entry = this.#parts.tier.get(resource);
    const stands = entry?.kind === 'vary' && entry.names.join() === names.join();
    if (stands) return entry;
    const marker = new VaryMarker(resource, names);
    marker.checked = this.#checked;
    return marker;
  }

  /** Whoever wants this very language before all others gets this variant, however else he words his wishes. */
  #nameByLanguage(marker: VaryMarker, { head, variant }: Answer): void {
    if (!marker.names.includes('accept-language')) return;
    const language = firstOf(head.fields, 'content-language')?.trim();
    if (language === undefined || !/^[A-Za-z0-9-]+$/.test(language)) return;
    const words = variantOf(marker.names, { ...this.#wanted.headers, 'accept-language': language }, this.#parts);
    marker.alsoCalled(words, variant);
  }

  /** A change made through this edge makes what is stored about the resource old. RFC 9111 section 4.4. */
  #invalidate(head: ResponseHead, own: Fill): void {
    if (SAFE.has(this.#wanted.method) || head.status < 200 || head.status >= 400) return;
    const named = ['location', 'content-location'].map((name) => firstOf(head.fields, name));
    const related = named.map((uri) => (uri === undefined ? undefined : ownKey(uri, this.#here)));
    for (const key of new Set([this.#wanted.resource, ...related])) {
      if (key === undefined) continue;
      this.#parts.tier.delete(key);
      this.#parts.fills.outdate(key, own);
    }
  }

  get #here(): Here {
    const { resource, headers } = this.#wanted;
    const { origin, naming } = this.#parts;
    return { resource, origin, viewedHost: headers.host, naming };
  }

  #rest(nowMs: number): void {
    if (this.#wanted.stale) this.#wanted.stale.restUntilMs = nowMs + REST_MS;
  }

  #release(): void {
    this.#parts.tier.release(this.#reservedBytes);
    this.#reservedBytes = 0;
  }
}

/** Statuses that say nothing about the whole. */
const ABOUT_PARTS: ReadonlySet<number> = new Set([206, 416]);
const NO_TIME: Lifetime = { freshSeconds: 0, staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0 };
/** Of a part that is not left out for want of a lifetime. */
const EVER: Lifetime = { ...NO_TIME, freshSeconds: 1 };

interface KeepingQuestion {
  readonly method: string;
  readonly authorized: boolean;
  readonly head: ResponseHead;
  readonly policy: CachePolicy;
  readonly nowMs: number;
  readonly ageSeconds: number;
  /** Whether a part that lives so long is worth keeping. */
  readonly partsKept: (lifetime: Lifetime) => boolean;
}

/** What is known of an answer that confirms a copy. */
interface Confirmation {
  readonly nowMs: number;
  readonly bornAtMs: number;
  /** The copy was made old, or replaced, while the question was on its way. */
  readonly isOld: boolean;
}

/** Every question about a broadcast is put in the same words, so that nothing can make two answers of one. */
function withoutVary(head: ResponseHead): ResponseHead {
  return { ...head, fields: withoutFields(head.fields, VARY) };
}

const VARY: ReadonlySet<string> = new Set(['vary']);

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * A confirmation with another strong tag than ours: with the date asked about as well, it may be the date that was
 * confirmed, of something changed twice in one second. RFC 9111 section 4.3.4 does not let that pass. Where only the tag
 * was asked about, it is the tag that was confirmed.
 */
function isAboutAnother(head: ResponseHead, { head: held }: CachedObject): boolean {
  const tag = strongTag(firstOf(head.fields, 'etag'));
  return tag !== undefined && held.etag !== undefined && tag !== held.etag && held.lastModified !== undefined;
}

/** An answer to HEAD that shows nothing different from the copy in hand. RFC 9111 section 4.3.5. */
function isSameByHead(head: ResponseHead, { head: held, body }: CachedObject): boolean {
  if (head.status !== 200 || held.status !== 200) return false;
  const length = contentLength(head);
  const etag = firstOf(head.fields, 'etag');
  const lastModified = firstOf(head.fields, 'last-modified');
  return (
    (length === undefined || length === body.length) &&
    (etag === undefined || etag === held.etag) &&
    (lastModified === undefined || lastModified === held.lastModified)
  );
}

/** The head of the whole that a beginning in hand and the rest make; undefined when they do not belong together. */
function headOfWhole(beginning: Beginning, head: ResponseHead, nowMs: number): ResponseHead | undefined {
  const { bytes, tag, totalBytes } = beginning;
  const range = partRange(head.fields, contentLength(head));
  const follows = range?.start === bytes.length && range.end === totalBytes && range.totalBytes === totalBytes;
  if (head.status !== 206 || !follows || firstOf(head.fields, 'etag') !== tag) return undefined;
  const { fields, date } = beginning.head.refreshedBy(head, nowMs).restated(200, []);
  return { status: 200, fields: [...fields, 'Date', date, 'Content-Length', String(totalBytes)] };
}

/** The place of a part, when so many bytes can stand there; undefined bytes are any. */
function partRange(fields: FieldList, bytes: number | undefined): ContentRange | undefined {
  const range = parseContentRange(firstOf(fields, 'content-range'));
  return range && (bytes === undefined || bytes === range.end - range.start) ? range : undefined;
}

function contentLength(head: ResponseHead): number | undefined {
  const text = fieldOf(head.fields, 'content-length');
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
