import { randomBytes } from 'node:crypto';
import { lasts } from '../../kernel/clock.ts';
import { fieldOf } from '../../kernel/http/fields.ts';
import type { Lifetime } from '../../kernel/http/freshness.ts';
import type { PreparedFields } from '../viewer.ts';
import type { Codings } from './codings.ts';
import { isOpening } from './opening.ts';
import type { Representation } from './representation.ts';

/** What an entry costs beside its body: maps, strings, the header block. Measured with 100,000 small entries. */
const OVERHEAD_BYTES = 1_024;

/** A body up to this size is sent as text: head and body then leave in one piece, which is cheaper than two. */
export const TEXT_BYTES = 16_384;

/** A clock that is kept right by being set back a little does not make what is fresh expired. */
export const CLOCK_SLACK_MS = 1_000;

/** After the origin failed, how long its expired copies are served without asking it again. */
export const REST_MS = 1_000;

/** From when and for how long. */
export interface Age {
  /** Epoch milliseconds at which its age was zero. */
  readonly bornAtMs: number;
  readonly lifetime: Lifetime;
  /** The number of the last ban that it is newer than, or was held against; 0 when that is not known. */
  readonly checked?: number;
}

/** The same where it is stale from a moment on at the latest. */
export function agedFrom<A extends Age>(age: A, staleFromMs: number): A {
  const freshSeconds = Math.min(age.lifetime.freshSeconds, Math.max(0, (staleFromMs - age.bornAtMs) / 1000));
  return { ...age, lifetime: { ...age.lifetime, freshSeconds } };
}

/** A header block ready for `writeHead`, good for one second of age. The last element is the exchange id's place. */
export interface PreparedBlock extends PreparedFields {
  readonly second: number;
  /** What the cache did for those who get it, which it tells. */
  readonly verdict: string;
}

/** A complete answer, wherever its body is. */
export abstract class StoredAnswer {
  readonly key: string;
  readonly head: Representation;
  /** The number of the last ban that it was held against. */
  checked: number;
  age: Age;
  freshUntilMs: number;

  constructor(key: string, head: Representation, age: Age) {
    this.key = key;
    this.head = head;
    this.checked = age.checked ?? 0;
    this.age = age;
    this.freshUntilMs = freshUntil(age);
  }

  get tags(): readonly string[] {
    return this.head.tags;
  }

  /** An operator had it asked about again from this moment on. */
  expire(staleFromMs: number): void {
    this.age = agedFrom(this.age, staleFromMs);
    this.freshUntilMs = freshUntil(this.age);
  }

  abstract get bodyBytes(): number;

  isFresh(nowMs: number): boolean {
    return this.isWithin(0, nowMs);
  }

  /** Whether it is fresh, or has been expired for no longer than this. */
  protected isWithin(graceSeconds: number, nowMs: number): boolean {
    const { lifetime } = this.age;
    const graceMs = graceSeconds * 1000;
    return lasts(this.freshUntilMs + graceMs, lifetime.freshSeconds * 1000 + graceMs + CLOCK_SLACK_MS, nowMs);
  }

  ageSeconds(nowMs: number): number {
    return Math.max(0, Math.floor((nowMs - this.age.bornAtMs) / 1000));
  }
}

/** Epoch milliseconds from which it is stale. */
export function freshUntil({ bornAtMs, lifetime }: Age): number {
  return bornAtMs + lifetime.freshSeconds * 1000;
}

/** One in memory. Everything but its use, and what operators do to it, is fixed: a revalidation puts a new one in its place. */
export class CachedObject extends StoredAnswer {
  readonly kind = 'object';
  readonly body: Buffer;
  /** A viewer waits for it before the picture comes. */
  readonly opens: boolean;
  /** After the origin failed: until then it is not asked again. Epoch milliseconds. */
  restUntilMs = 0;
  /** Kept here so that a hot object's headers are written once a second, not once a viewer. */
  prepared: PreparedBlock | undefined;
  /** Whether viewers may get it in a coding; undefined before anybody asked. */
  compressible: boolean | undefined;
  /** Its body in other codings. The tier that holds it counts their bytes before they are put here. */
  codings: Codings | undefined;
  readonly #ownBytes: number;
  #text: string | undefined;

  constructor(key: string, head: Representation, body: Buffer, age: Age) {
    super(key, head, age);
    this.body = body;
    this.opens = isOpening(key, fieldOf(head.fields, 'content-type'), body.length);
    const textBytes = body.length <= TEXT_BYTES ? body.length : 0;
    this.#ownBytes =
      body.length + textBytes + OVERHEAD_BYTES + head.fields.reduce((sum, text) => sum + text.length, key.length);
  }

  get bodyBytes(): number {
    return this.body.length;
  }

  /** Grows with its codings. */
  get sizeBytes(): number {
    return this.#ownBytes + (this.codings?.sizeBytes ?? 0);
  }

  /** The body as it is handed to a viewer: a small one as text, in which each character stands for one byte (Latin-1). */
  get outgoing(): Buffer | string {
    if (this.body.length === 0 || this.body.length > TEXT_BYTES) return this.body;
    this.#text ??= this.body.toString('latin1');
    return this.#text;
  }

  mayServeWhileRevalidating(nowMs: number): boolean {
    return this.isWithin(this.age.lifetime.staleWhileRevalidateSeconds, nowMs);
  }

  mayServeOnError(nowMs: number): boolean {
    return this.isWithin(this.age.lifetime.staleIfErrorSeconds, nowMs);
  }

  get hasValidator(): boolean {
    return this.head.etag !== undefined || this.head.lastModified !== undefined;
  }
}

const MAX_OTHER_WORDS = 64;
/** They are not counted, and may hold whatever viewers sent. */
const MAX_WORDS_LENGTH = 1_024;

/** Stands at a resource's own key when its answers differ by request fields: tells which, and where variants are. */
export class VaryMarker {
  readonly kind = 'vary';
  readonly key: string;
  readonly names: readonly string[];
  readonly sizeBytes: number;
  readonly opens = true;
  /** What is banned by a tag is its variants. */
  readonly tags: readonly string[] = [];
  checked = 0;
  /** Part of its variants' keys: with the marker gone, whatever made it go, none of its variants is found again. */
  readonly generation: string;
  /** Other words under which a variant may be asked for, such as its language alone. */
  readonly #otherWords = new Map<string, string>();

  constructor(key: string, names: readonly string[], generation = randomBytes(6).toString('base64url')) {
    this.key = key;
    this.names = names;
    this.generation = generation;
    this.sizeBytes = OVERHEAD_BYTES + key.length;
  }

  /** Where a variant is stored. */
  placeOf(variant: string): string {
    return `${this.key}\n${this.generation}\n${variant}`;
  }

  get hasOtherWords(): boolean {
    return this.#otherWords.size > 0;
  }

  alsoCalled(words: string, variant: string): void {
    const isShort = words.length + variant.length <= MAX_WORDS_LENGTH;
    if (words !== variant && isShort && this.#otherWords.size < MAX_OTHER_WORDS) this.#otherWords.set(words, variant);
  }

  variantCalled(words: string): string | undefined {
    return this.#otherWords.get(words);
  }
}
