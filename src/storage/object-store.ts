import type { Readable } from 'node:stream';
import { Fault } from '../kernel/errors.ts';

const KEY = /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*\/?$/;

/**
 * Where media rests: named immutable byte strings. A key is a relative path of plain segments (`assets/as_…/v1/…`).
 * A put is atomic: a reader sees the whole object or none, also after a crash. A folder or an S3 bucket.
 * A store that is away or too busy fails with STORAGE_UNAVAILABLE, one without room with STORAGE_FULL: in both cases
 * waiting helps.
 */
export interface ObjectStore {
  /** Stores the bytes under `key`, replacing what was there. Resolves when they would survive a power cut. */
  put(key: string, body: Uint8Array): Promise<void>;

  /**
   * The same, unless there is an object under `key` already: that one stays, and the answer is false. Of several at once
   * one is stored, where file system or server can tell (docs/deployment.md says which cannot).
   */
  putIfAbsent(key: string, body: Uint8Array): Promise<boolean>;

  /**
   * Takes over a finished local file as the object `key`; the file is gone from its old place afterwards. Where that
   * takes long `abort` leaves it, and what was done so far, to the next time.
   */
  adopt(key: string, file: string, abort?: AbortSignal): Promise<void>;

  /**
   * Says that the first `bytes` of `file`, which is still growing and will be adopted as `key`, are there and will never
   * change, so that the store may send them ahead. Returns at once. A hint: adopt sends what is missing, and nobody sees
   * an object before. `sizeBytes` is the length the file will have, where that is known.
   */
  sendAhead(key: string, file: string, bytes: number, sizeBytes?: number): void;

  /**
   * Makes `to` the same bytes as `from`, which the caller reads none of; from then on each lives without the other. What
   * was under `to` is replaced. False when there is no object `from`.
   */
  copy(from: string, to: string): Promise<boolean>;

  /** Size and identity, or undefined when there is no such object. */
  head(key: string): Promise<ObjectHead | undefined>;

  /**
   * Opens the object for reading, all of it or `[start, end)` bytes. Undefined when there is no such object.
   * The stream must be read to its end or destroyed.
   */
  open(key: string, range?: { start: number; end: number }): Promise<OpenObject | undefined>;

  /**
   * A local file with the object's bytes, for programs that want a path (ffmpeg). Undefined when there is none.
   * `release` must be called once; the file must not be changed. It may have to be fetched first: `abort` gives up.
   */
  localFile(key: string, abort?: AbortSignal): Promise<LocalFile | undefined>;

  /**
   * Deletes every object whose key starts with `prefix`, which must end with a slash or be a whole key, and what was
   * sent ahead of one.
   */
  deletePrefix(prefix: string): Promise<void>;

  /** Keys below a prefix, in no order that is promised. */
  list(prefix: string): AsyncIterable<string>;
}

export interface ObjectHead {
  readonly sizeBytes: number;
  /** Strong validator: changes whenever the bytes under the key change. */
  readonly etag: string;
  readonly modifiedAtMs: number;
}

export interface OpenObject extends ObjectHead {
  readonly body: Readable;
}

export interface LocalFile {
  readonly path: string;
  release(): Promise<void>;
}

/**
 * Keys and prefixes come from our own code, yet this is the last place where a forged name could leave the store.
 * @throws Fault PATH_INVALID
 */
export function checkKey(key: string): void {
  if (!KEY.test(key)) throw new Fault('PATH_INVALID', { detail: { key } });
}
