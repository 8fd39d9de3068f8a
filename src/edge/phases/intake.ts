import type { IncomingHttpHeaders } from 'node:http';
import { parseCacheControl } from '../../kernel/http/cache-control.ts';
import { fieldOf, type ResponseHead } from '../../kernel/http/fields.ts';
import { initialAgeSeconds, planLifetime } from '../../kernel/http/freshness.ts';
import { type UnstorableReason, whyNotStorable } from '../../kernel/http/storable.ts';
import { variantKey, varyNames } from '../../kernel/http/vary.ts';
import type { Admission } from '../cache/admission.ts';
import { CachedObject, VaryMarker } from '../cache/cached-object.ts';
import type { Answer, Fill, FillOwner } from '../cache/fill.ts';
import { Representation } from '../cache/representation.ts';
import type { EdgeParts } from '../parts.ts';

/** After the origin failed, how long its expired copies are served without asking it again. */
const REST_MS = 1_000;

/** Reasons that say something about the resource rather than about this moment. */
const LASTING: ReadonlySet<Admission['reason']> = new Set([
  'no-store',
  'private',
  'set-cookie',
  'vary-star',
  'partial',
  'no-lifetime',
  'too-large',
]);
/** Reasons under which a failure may still be told to all who waited for it. */
const ABOUT_FAILURE: ReadonlySet<Admission['reason']> = new Set(['status', 'retry-later', 'no-lifetime']);

/** What was asked of the origin, and for whom. */
export interface Wanted {
  readonly method: string;
  readonly resource: string;
  /** Without a query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** For one viewer, past the cache. */
  readonly alone: boolean;
  /** The copy in hand that the origin was asked to confirm. */
  readonly stale: CachedObject | undefined;
  /** Called once with whether it brought an entry. */
  readonly onEnd?: (stored: boolean) => void;
}

/**
 * Decides what becomes of one answer: kept, handed on, or taken as consent to the copy in hand. It remembers the request
 * that led to it, since the viewer may be gone by the time the answer comes.
 */
export class Intake implements FillOwner {
  readonly #parts: EdgeParts;
  readonly #stale: CachedObject | undefined;
  readonly #method: string;
  readonly #alone: boolean;
  readonly #resource: string;
  /** For the log: without a query. */
  readonly #path: string;
  readonly #headers: IncomingHttpHeaders;
  readonly #onEnd: Wanted['onEnd'];
  readonly #askedAtMs: number;
  #reservedBytes = 0;

  constructor(wanted: Wanted, parts: EdgeParts) {
    this.#parts = parts;
    this.#stale = wanted.stale;
    this.#method = wanted.method;
    this.#alone = wanted.alone;
    this.#resource = wanted.resource;
    this.#path = wanted.path;
    this.#headers = wanted.headers;
    this.#onEnd = wanted.onEnd;
    this.#askedAtMs = parts.clock.now();
  }

  judge(fill: Fill, head: ResponseHead): Answer | CachedObject {
    const nowMs = this.#parts.clock.now();
    const bornAtMs = nowMs - initialAgeSeconds(head, this.#askedAtMs, nowMs) * 1000;
    if (head.status === 304 && this.#stale) return this.#refresh(this.#stale, head, nowMs, bornAtMs);
    this.#invalidate(head);
    const declaredBytes = contentLength(head);
    const admission = this.#admit(head, declaredBytes, nowMs);
    this.#remember(fill, admission, nowMs);
    if (head.status >= 500) this.#rest(nowMs);
    const variant = variantKey(admission.varyNames, this.#headers);
    return { head: new Representation(head, nowMs), admission, declaredBytes, bornAtMs, variant };
  }

  reserve(_fill: Fill, bytes: number): boolean {
    const { tier } = this.#parts;
    if (this.#reservedBytes + bytes > tier.largestObjectBytes || !tier.reserve(bytes)) return false;
    this.#reservedBytes += bytes;
    return true;
  }

  unkept(fill: Fill): void {
    this.#parts.fills.retire(fill);
  }

  store(fill: Fill, answer: Answer, body: Buffer): CachedObject | undefined {
    this.#release();
    const { varyNames: names, lifetime } = answer.admission;
    const key = names.length === 0 ? this.#resource : `${this.#resource}\n${answer.variant}`;
    const object = new CachedObject(key, answer.head, body, { bornAtMs: answer.bornAtMs, lifetime });
    if (!fill.outdated && this.#parts.tier.put(object) && names.length > 0) this.#mark(names);
    if (object.head.status === 200) this.#lookAhead(fill, object);
    return object;
  }

  ended(fill: Fill): void {
    this.#release();
    this.#parts.fills.retire(fill);
    this.#onEnd?.(fill.object !== undefined);
    const { fault } = fill;
    if (fault?.side !== 'upstream') return;
    this.#rest(this.#parts.clock.now());
    // Once a fill, not once a viewer: a dead origin must not flood the log.
    this.#parts.log.warn({ path: this.#path, code: fault.code, ...fault.detail }, 'fill failed');
  }

  /** The copy in hand lives on under the 304's fields. RFC 9111 section 4.3.4. */
  #refresh(stale: CachedObject, head: ResponseHead, nowMs: number, bornAtMs: number): CachedObject {
    const merged = stale.head.refreshedBy(head, nowMs);
    const control = parseCacheControl(fieldOf(merged.fields, 'cache-control'));
    const lifetime = planLifetime(
      { status: merged.status, fields: [...merged.fields, 'Date', merged.date] },
      control,
      nowMs,
    );
    const object = new CachedObject(stale.key, merged, stale.body, { bornAtMs, lifetime });
    this.#parts.tier.put(object);
    this.#parts.prefetch?.recall(this.#path, object.body);
    return object;
  }

  /** What arrived may tell what comes next: a playlist by what it says, a segment by having been watched. */
  #lookAhead(fill: Fill, { body }: CachedObject): void {
    const { prefetch } = this.#parts;
    prefetch?.learn(this.#path, body);
    if (fill.watched) prefetch?.follow(this.#path);
  }

  #admit(head: ResponseHead, declaredBytes: number | undefined, nowMs: number): Admission {
    const control = parseCacheControl(fieldOf(head.fields, 'cache-control'));
    const lifetime = planLifetime(head, control, nowMs);
    const authorized = this.#headers.authorization !== undefined && this.#parts.mode === 'proxy';
    const unstorable = whyNotStorable({ method: this.#method, authorized, head, control, lifetime, nowMs });
    const reason = unstorable ?? this.#whyNotHere(head, declaredBytes, nowMs);
    const names = varyNames(head);
    return {
      keep: reason === undefined && !this.#alone,
      shared: reason === undefined || (head.status >= 400 && ABOUT_FAILURE.has(reason)),
      reason,
      lifetime,
      varyNames: names === '*' ? [] : names,
    };
  }

  #whyNotHere(head: ResponseHead, declaredBytes: number | undefined, nowMs: number): Admission['reason'] {
    if ((declaredBytes ?? 0) > this.#parts.tier.largestObjectBytes) return 'too-large';
    // A failure, even a lasting one, must not push out a copy that can still be served around it.
    if (head.status >= 500 && this.#stale?.mayServeOnError(nowMs)) return 'status' satisfies UnstorableReason;
    return undefined;
  }

  #remember(fill: Fill, { reason }: Admission, nowMs: number): void {
    if (this.#method !== 'GET') return;
    if (LASTING.has(reason)) this.#parts.fills.markUncacheable(fill.traits.key, nowMs);
    else if (reason === undefined) this.#parts.fills.unmark(fill.traits.key);
  }

  #mark(names: readonly string[]): void {
    const { tier } = this.#parts;
    const entry = tier.get(this.#resource);
    const known = entry?.kind === 'vary' && entry.names.join() === names.join();
    if (!known) tier.put(new VaryMarker(this.#resource, names));
  }

  /** A change made through this edge makes what is stored about the resource old. RFC 9111 section 4.4. */
  #invalidate(head: ResponseHead): void {
    if (SAFE.has(this.#method) || head.status >= 400) return;
    const related = ['location', 'content-location'].map((name) => fieldOf(head.fields, name));
    for (const target of [this.#resource, ...related]) {
      const key = target === undefined ? undefined : this.#ownKey(target);
      if (key === undefined) continue;
      this.#parts.tier.delete(key);
      this.#parts.fills.outdate(key);
    }
  }

  /** The key of a URI on this origin; undefined for others, which this origin has no say over. */
  #ownKey(target: string): string | undefined {
    const base = new URL(this.#resource, this.#parts.origin.url);
    const url = URL.canParse(target, base) ? new URL(target, base) : undefined;
    const viewed = this.#headers.host;
    const own = url && (url.host === base.host || url.host === viewed);
    return own ? url.pathname + url.search : undefined;
  }

  #rest(nowMs: number): void {
    if (this.#stale) this.#stale.restUntilMs = nowMs + REST_MS;
  }

  #release(): void {
    this.#parts.tier.release(this.#reservedBytes);
    this.#reservedBytes = 0;
  }
}

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

function contentLength(head: ResponseHead): number | undefined {
  const text = fieldOf(head.fields, 'content-length');
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
