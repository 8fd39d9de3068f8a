import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Fault } from '../../kernel/errors.ts';
import type { ObjectHead } from '../object-store.ts';

/** Where the objects are. */
export interface BucketPlace {
  readonly bucket: string;
  /** In front of every key: empty, or with a slash at the end. */
  readonly prefix: string;
  readonly endpoint?: string;
  readonly region: string;
  readonly pathStyle: boolean;
}

export interface Patience {
  /** How often a request is tried that the server was too busy for or that broke off. */
  readonly attempts: number;
  /** How long a connection may be silent. */
  readonly timeoutMs: number;
}

/** Byte range, `end` exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface Part {
  readonly number: number;
  readonly etag: string;
  readonly sizeBytes: number;
}

export interface PendingUpload {
  readonly key: string;
  readonly uploadId: string;
}

/** Segments are small and many: enough connections that a busy origin does not queue for one, all of them kept. */
const SOCKETS = { keepAlive: true, maxSockets: 128 };
const CONNECT_MS = 5_000;

/** The most keys that one request may list or delete. */
const KEYS_AT_ONCE = 1_000;

/** How often one put meets another of the same key before the server counts as too busy. */
const CONFLICTS_MAX = 5;

const QUIET = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/**
 * The requests this server makes of one bucket, in our own keys and faults. Credentials come from where every AWS tool
 * takes them: environment, shared files, the machine's role.
 */
export class Bucket {
  readonly #client: S3Client;
  readonly #place: BucketPlace;
  readonly #pageKeys: number;

  constructor(place: BucketPlace, { attempts, timeoutMs }: Patience, pageKeys = KEYS_AT_ONCE) {
    this.#place = place;
    this.#pageKeys = pageKeys;
    this.#client = new S3Client({
      region: place.region,
      ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint }),
      forcePathStyle: place.pathStyle,
      maxAttempts: attempts,
      retryMode: 'standard',
      // Bodies are whole buffers under a signed SHA-256 already; trailing checksums are unknown to many servers.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      logger: QUIET,
      requestHandler: new NodeHttpHandler({
        connectionTimeout: CONNECT_MS,
        socketTimeout: timeoutMs,
        httpAgent: SOCKETS,
        httpsAgent: SOCKETS,
        logger: QUIET,
      }),
    });
    this.#digestDeletes();
  }

  close(): void {
    this.#client.destroy();
  }

  /**
   * Asks for the bucket once.
   * @throws Fault STORAGE_REFUSED when it is not there or the credentials do not open it
   */
  async check(): Promise<void> {
    const { bucket, prefix, endpoint } = this.#place;
    try {
      await this.#client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 }));
    } catch (cause) {
      throw refusalOf(cause, `${bucket}${endpoint ? ` at ${endpoint}` : ''}`) ?? faultOf(cause);
    }
  }

  async put(key: string, body: Uint8Array): Promise<string> {
    return this.#ask(async (target) => {
      const { ETag } = await this.#client.send(new PutObjectCommand({ ...target, Body: body }));
      return ETag ?? '';
    }, key);
  }

  /** False when there is an object under the key already; `unknown` from a server that does not know this condition. */
  async putIfAbsent(key: string, body: Uint8Array): Promise<boolean | 'unknown'> {
    return this.#ask(async (target) => {
      for (let attempt = 1; ; attempt += 1) {
        const put = new PutObjectCommand({ ...target, Body: body, IfNoneMatch: '*' });
        const answer = await this.#client.send(put).then(() => 200, thrownStatus([409, 412, 501]));
        if (answer === 412) return false;
        if (answer === 501) return 'unknown';
        if (answer === 200) return true;
        // Another write of this very key is just going on; how that ends is what decides.
        if (attempt === CONFLICTS_MAX) throw new Fault('STORAGE_UNAVAILABLE', { detail: { key, status: answer } });
      }
    }, key);
  }

  /** By the server itself, of an object of at most 5 GB. False when there is none. */
  async copy(from: string, to: string): Promise<boolean> {
    const { bucket, prefix } = this.#place;
    const source = `${bucket}/${prefix}${from}`.split('/').map(encodeURIComponent).join('/');
    return this.#ask(async (target) => {
      const copied = this.#client.send(new CopyObjectCommand({ ...target, CopySource: source }));
      return (await copied.then(() => true, ignoreMissing)) ?? false;
    }, to);
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    return this.#ask(async (target) => {
      const found = await this.#client.send(new HeadObjectCommand(target)).catch(ignoreMissing);
      return found && headOf(found, found.ContentLength);
    }, key);
  }

  /**
   * Undefined when there is no such object, `outside` when the range has no byte of it, `changed` when the object is
   * no longer the one of `etag`.
   */
  async get(
    key: string,
    { range, etag, abort }: { range?: Range; etag?: string; abort?: AbortSignal } = {},
  ): Promise<(ObjectHead & { body: Readable }) | 'outside' | 'changed' | undefined> {
    const part = range && { Range: `bytes=${range.start}-${range.end - 1}` };
    const same = etag === undefined ? {} : { IfMatch: etag };
    return this.#ask(async (target) => {
      const command = new GetObjectCommand({ ...target, ...part, ...same });
      const found = await this.#client.send(command, abort ? { abortSignal: abort } : {}).catch((cause: unknown) => {
        const status = statusOf(cause);
        if (status === 416) return 'outside' as const;
        if (status === 412) return 'changed' as const;
        return ignoreMissing(cause);
      });
      if (found === undefined || typeof found === 'string') return found;
      return { ...headOf(found, wholeSize(found)), body: found.Body as Readable };
    }, key);
  }

  /** Of as many objects as a page of keys has; those that are not there are no failure. */
  async remove(keys: readonly string[]): Promise<void> {
    const { bucket, prefix } = this.#place;
    const [first] = keys;
    if (first === undefined) return;
    await this.#ask(async (target) => {
      // One alone takes the plainer request, which every server knows.
      if (keys.length === 1) return void (await this.#client.send(new DeleteObjectCommand(target)));
      const objects = keys.map((key) => ({ Key: prefix + key }));
      const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } });
      const { Errors = [] } = await this.#client.send(command);
      const [failed] = Errors;
      if (failed) throw new Fault('STORAGE_UNAVAILABLE', { detail: { s3: failed.Code, key: failed.Key } });
    }, first);
  }

  /** Keys that begin with `start`, page by page. */
  async *pages(start: string): AsyncIterable<string[]> {
    const { prefix } = this.#place;
    let next: string | undefined;
    do {
      const token: object = next === undefined ? {} : { ContinuationToken: next };
      const page = await this.#ask(
        ({ Bucket, Key }) =>
          this.#client.send(new ListObjectsV2Command({ Bucket, Prefix: Key, MaxKeys: this.#pageKeys, ...token })),
        start,
      );
      yield (page.Contents ?? []).map(({ Key = '' }) => Key.slice(prefix.length));
      next = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (next !== undefined);
  }

  async beginUpload(key: string): Promise<string> {
    return this.#ask(async (target) => {
      const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand(target));
      if (UploadId === undefined) throw new Fault('STORAGE_UNAVAILABLE', { detail: { why: 'no upload id' } });
      return UploadId;
    }, key);
  }

  /** The part's etag, or undefined when the upload is no more. */
  async putPart(
    { key, uploadId }: PendingUpload,
    number: number,
    body: Uint8Array,
    abort: AbortSignal,
  ): Promise<string | undefined> {
    return this.#ask(async (target) => {
      const command = new UploadPartCommand({ ...target, UploadId: uploadId, PartNumber: number, Body: body });
      return (await this.#client.send(command, { abortSignal: abort }).catch(ignoreMissing))?.ETag;
    }, key);
  }

  /** What the server has of an upload, or undefined when the upload is no more. */
  async parts({ key, uploadId }: PendingUpload): Promise<Part[] | undefined> {
    const found: Part[] = [];
    for (let marker: string | undefined; ; ) {
      const from: object = marker === undefined ? {} : { PartNumberMarker: marker };
      const page = await this.#ask(
        (target) =>
          this.#client.send(new ListPartsCommand({ ...target, UploadId: uploadId, ...from })).catch(ignoreMissing),
        key,
      );
      if (!page) return undefined;
      for (const { PartNumber = 0, ETag = '', Size = 0 } of page.Parts ?? []) {
        found.push({ number: PartNumber, etag: ETag, sizeBytes: Size });
      }
      if (!page.IsTruncated || page.NextPartNumberMarker === undefined) return found;
      marker = page.NextPartNumberMarker;
    }
  }

  /** The object's etag, or undefined when the upload is no more. */
  async completeUpload(
    { key, uploadId }: PendingUpload,
    etags: ReadonlyMap<number, string>,
  ): Promise<string | undefined> {
    const parts = [...etags].sort(([a], [b]) => a - b).map(([number, etag]) => ({ PartNumber: number, ETag: etag }));
    return this.#ask(async (target) => {
      const command = new CompleteMultipartUploadCommand({
        ...target,
        UploadId: uploadId,
        MultipartUpload: { Parts: parts },
      });
      return (await this.#client.send(command).catch(ignoreMissing))?.ETag;
    }, key);
  }

  async abortUpload({ key, uploadId }: PendingUpload): Promise<void> {
    await this.#ask(
      (target) =>
        this.#client.send(new AbortMultipartUploadCommand({ ...target, UploadId: uploadId })).catch(ignoreMissing),
      key,
    );
  }

  /** Uploads that were begun below `start` and neither completed nor aborted. */
  async pendingUploads(start: string): Promise<PendingUpload[]> {
    const { prefix } = this.#place;
    const found: PendingUpload[] = [];
    for (let marker: object | undefined = {}; marker; ) {
      const from: object = marker;
      const page = await this.#ask(
        ({ Bucket, Key }) => this.#client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key, ...from })),
        start,
      );
      for (const { Key = '', UploadId = '' } of page.Uploads ?? []) {
        found.push({ key: Key.slice(prefix.length), uploadId: UploadId });
      }
      marker = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        : undefined;
    }
    return found;
  }

  async #ask<T>(request: (target: { Bucket: string; Key: string }) => Promise<T>, key: string): Promise<T> {
    try {
      return await request({ Bucket: this.#place.bucket, Key: this.#place.prefix + key });
    } catch (cause) {
      throw faultOf(cause);
    }
  }

  /** The client sends a CRC32 with what it deletes, while servers of some years ago insist on an MD5. */
  #digestDeletes(): void {
    this.#client.middlewareStack.add(
      (next, context) => async (args) => {
        const { request } = args as { request?: { body?: string; headers: Record<string, string> } };
        if (context.commandName === 'DeleteObjectsCommand' && request) {
          const digest = createHash('md5').update(request.body ?? '');
          request.headers['content-md5'] = digest.digest('base64');
        }
        return next(args);
      },
      { step: 'build', priority: 'low', name: 'deletesWithMd5' },
    );
  }
}

/** What says that bucket or credentials are wrong, and would say so again. */
const REFUSALS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'there is no such bucket',
  InvalidAccessKeyId: 'the access key is not known there',
  SignatureDoesNotMatch: 'the secret does not belong to the access key',
  AccessDenied: 'the credentials do not open it',
  PermanentRedirect: 'the bucket is in another region',
  AuthorizationHeaderMalformed: 'the region is not the one of the bucket',
  CredentialsProviderError: 'no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
};

function refusalOf(cause: unknown, place: string): Fault | undefined {
  const name = cause instanceof Error ? cause.name : '';
  const why = REFUSALS[name] ?? (statusOf(cause) === 403 ? REFUSALS.AccessDenied : undefined);
  return why === undefined
    ? undefined
    : new Fault('STORAGE_REFUSED', { says: `The object store ${place} cannot be used: ${why}.`, cause });
}

/** Answers that lie with the request itself, so that asking again would not help. */
const OUR_MISTAKE = [400, 405, 411, 412, 413, 416, 501];
const FULL = 507;

/**
 * Anything that went wrong with the store. Busy, broken and unreachable servers are one fault, STORAGE_UNAVAILABLE, and
 * so are credentials that ceased to be valid: the films are not to blame, and an operator mends it.
 */
export function faultOf(cause: unknown): unknown {
  if (cause instanceof Fault) return cause;
  const name = cause instanceof Error ? cause.name : 'Error';
  if (name === 'AbortError') return cause;
  const status = statusOf(cause);
  const detail = { s3: name, status };
  if (status === FULL) return new Fault('STORAGE_FULL', { detail, cause });
  if (status !== undefined && OUR_MISTAKE.includes(status)) return new Fault('INTERNAL', { detail, cause });
  return new Fault('STORAGE_UNAVAILABLE', { detail, cause });
}

function statusOf(cause: unknown): number | undefined {
  return (cause as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

/** Takes these answers for what they are, and throws every other. */
function thrownStatus<S extends number>(statuses: readonly S[]): (cause: unknown) => S {
  return (cause) => {
    const status = statuses.find((each) => each === statusOf(cause));
    if (status === undefined) throw cause;
    return status;
  };
}

/** A bucket that went away is no missing object. */
function ignoreMissing(cause: unknown): undefined {
  const isMissing = cause instanceof S3ServiceException && statusOf(cause) === 404 && cause.name !== 'NoSuchBucket';
  if (!isMissing) throw cause;
}

interface Described {
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
}

function headOf({ ETag = '', LastModified }: Described, sizeBytes = 0): ObjectHead {
  return { sizeBytes, etag: ETag.startsWith('"') ? ETag : `"${ETag}"`, modifiedAtMs: LastModified?.getTime() ?? 0 };
}

function wholeSize({ ContentRange, ContentLength }: GetObjectCommandOutput): number | undefined {
  const size = /\/(\d+)$/.exec(ContentRange ?? '')?.[1];
  return size === undefined ? ContentLength : Number(size);
}
