import { createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { PassThrough, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../kernel/errors.ts';
import { sourceKey } from '../kernel/film/paths.ts';
import { isId } from '../kernel/ids.ts';
import { ABORT_UPLOAD, APPEND_UPLOAD, CREATE_UPLOAD, TAIL_SCHEMA, UPLOAD_ID, UPLOAD_OFFSET } from './api-schemas.ts';
import { parseTailRange, TAIL_MAX_BYTES } from './early-tail.ts';
import { asStorageFault, type Intake, ignoreMissing } from './intake.ts';
import { readLabel } from './label.ts';
import type { IngestDoor, IngestParts } from './parts.ts';
import { ArrivalStore, type UploadState } from './tus/arrival-store.ts';
import { parseChecksum } from './tus/checksum.ts';
import { TusEngine } from './tus/server.ts';

const PATH = '/v1/uploads';
const CHUNK_TYPE = 'application/offset+octet-stream';
const MAX_METADATA_BYTES = 8_192;

/**
 * How long a sender waits for its source to be stored. All bytes are safe here by then, so that a store that is slow or
 * away is our own affair.
 */
const STORE_WAIT_MS = 10_000;

/** Resumable uploads by tus 1.0. The upload's id is the asset's id, and the asset's row says how far it is. */
export class Uploads {
  readonly #parts: IngestParts;
  readonly #intake: Intake;
  readonly #store: ArrivalStore;
  readonly #engine: TusEngine;
  readonly #storing = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();

  constructor(parts: IngestParts, intake: Intake) {
    this.#parts = parts;
    this.#intake = intake;
    const expireMs = parts.settings.uploadExpireHours * 3_600_000;
    this.#store = new ArrivalStore(join(parts.folder, 'uploads'), expireMs, {
      begin: ({ id, metadata, size }) => intake.begin(id, readLabel(metadata ?? {}), size),
      stateOf: (id) => this.#stateOf(id),
      progress: (id, receivedBytes, size) => {
        parts.store.sendAhead(sourceKey(id), this.#store.fileOf(id), receivedBytes, size);
        return intake.progress(id, receivedBytes, size);
      },
    });
    this.#engine = new TusEngine(PATH, {
      store: this.#store,
      maxBytes: parts.settings.uploadMaxBytes,
      onFinished: (id) => this.#finish(id),
    });
  }

  async start(): Promise<void> {
    await mkdir(join(this.#parts.folder, 'uploads'), { recursive: true });
  }

  /** Leaves sources that wait for the store to the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#storing.values());
  }

  /** Ids of assets whose upload may still be resumed. */
  async recover(): Promise<ReadonlySet<string>> {
    const resumable = new Set<string>();
    for (const id of await this.#store.unfinished()) {
      const asset = await this.#parts.assets.find(id);
      if (!asset?.arriving) {
        await this.#store.drop(id);
        continue;
      }
      resumable.add(id);
      await this.#heal(id);
    }
    return resumable;
  }

  /** Drops the bytes of an upload that is given up. */
  drop(assetId: string): Promise<void> {
    return this.#store.drop(assetId);
  }

  mount(app: FastifyInstance, door: IngestDoor): void {
    const documented = <Said extends { response: object }>(said: Said) => ({
      ...said,
      tags: ['uploads'],
      response: { ...said.response, ...door.schemas.problems },
    });
    const ofUpload = <Said extends { response: object }>(said: Said) => ({ ...documented(said), params: UPLOAD_ID });
    const onRequest = door.authorize('uploads:write');
    const guarded = { onRequest, config: { idempotent: false } };
    // Bytes are recorded once, by the upload that they belong to, and come in as many requests as the sender likes.
    const bytes = { onRequest, config: { idempotent: false, rateLimit: false, audit: false } as const };
    // Heads of routes are left out of the document, where nothing says otherwise.
    const asked = { ...bytes, config: { ...bytes.config, swagger: { exposeHeadRoute: true } } };
    const answer = (request: FastifyRequest, reply: FastifyReply) => this.#answer(request, reply);
    app.register(async (scope) => {
      // Bodies are left unread: the engine reads them straight from the socket.
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
      scope.setErrorHandler((thrown, request) => {
        throw request.method === 'HEAD' ? neverOurs(thrown) : thrown;
      });
      scope.post(PATH, { ...guarded, schema: documented(CREATE_UPLOAD) }, answer);
      scope.options(PATH, { schema: { hide: true } }, answer);
      scope.options(`${PATH}/:id`, { schema: { hide: true } }, answer);
      scope.head(`${PATH}/:id`, { ...asked, schema: ofUpload(UPLOAD_OFFSET) }, answer);
      scope.patch(`${PATH}/:id`, { ...bytes, schema: ofUpload(APPEND_UPLOAD) }, answer);
      scope.put(`${PATH}/:id/tail`, { ...bytes, schema: ofUpload(TAIL_SCHEMA) }, async (request, reply) => {
        await this.#takeTail(request);
        return reply.code(204).send();
      });
      scope.delete(`${PATH}/:id`, { ...guarded, schema: ofUpload(ABORT_UPLOAD) }, answer);
      // Clients behind proxies that know no PATCH send POST with X-HTTP-Method-Override.
      const audit = (request: FastifyRequest) => methodOf(request) !== 'PATCH';
      const overridden = { onRequest, config: { ...bytes.config, audit } };
      scope.post(`${PATH}/:id`, { ...overridden, schema: { hide: true } }, answer);
    });
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const method = methodOf(request);
    reply.header('tus-resumable', '1.0.0').header('tus-version', '1.0.0');
    checkAddress(method, request);
    checkHeaders(method, request);
    const body = method === 'PATCH' || method === 'POST' ? bodyOf(request.raw) : undefined;
    const checksum = parseChecksum(headerOf(request, 'upload-checksum'));
    const { status, headers, fault } = await this.#engine.answer(webRequest(request, method, body), checksum);
    for (const [name, value] of headers) {
      if (!OURS.test(name)) reply.header(name, value);
    }
    if (method === 'DELETE' && status === 204) await this.#intake.withdraw(idOf(request));
    if (!fault) return reply.code(status).send();
    throw fault;
  }

  async #stateOf(id: string): Promise<UploadState> {
    // While the file becomes the asset's source it is in neither place for a moment.
    await within(this.#intake.settled(id), STORE_WAIT_MS);
    const asset = await this.#parts.assets.find(id);
    if (!asset) return { kind: 'unknown' };
    if (asset.error?.code === 'UPLOAD_EXPIRED') return { kind: 'expired' };
    if (asset.arriving) return { kind: 'arriving' };
    return { kind: 'stored', sizeBytes: asset.sourceBytes ?? 0 };
  }

  /** Resolves once the source is stored, or after a while when it is still on its way. */
  async #finish(id: string): Promise<void> {
    const running = this.#storing.get(id) ?? this.#storeSource(id);
    await within(running, STORE_WAIT_MS);
  }

  #storeSource(id: string): Promise<void> {
    const work = this.#startOverWhereTailDiffers(id)
      .then(() => this.#intake.finishPatiently(id, this.#store.fileOf(id), this.#stop.signal))
      .then(() => this.#store.drop(id))
      .finally(() => this.#storing.delete(id));
    this.#storing.set(id, work);
    // Its sender may have been answered long before it fails; the next start tries again.
    work.catch((cause: unknown) => {
      if (!this.#stop.signal.aborted)
        this.#parts.log.error({ assetId: id, err: cause }, 'a source could not be stored');
    });
    return work;
  }

  /** What was made by the index of a tail that the upload did not bring is not of this film. */
  async #startOverWhereTailDiffers(id: string): Promise<void> {
    const file = this.#store.fileOf(id);
    if ((await stat(file).catch(ignoreMissing)) && (await this.#store.tails.differs(id, file))) {
      await this.#intake.startOver(id);
    }
  }

  async #takeTail(request: FastifyRequest): Promise<void> {
    const id = idOf(request);
    if (!isId(id, 'as')) throw new Fault('NOT_FOUND', { says: 'There is no upload at this address.' });
    const range = parseTailRange(headerOf(request, 'content-range') ?? '');
    const info = range && (await this.#store.configstore.get(id));
    if (!range)
      throw new Fault('INVALID_REQUEST', { says: 'headers.content-range does not say which end of a file this is.' });
    if (!info || (await this.#stateOf(id)).kind !== 'arriving') {
      throw new Fault('NOT_FOUND', { says: 'There is no upload at this address.' });
    }
    if (info.size !== range.sizeBytes) {
      throw new Fault('INVALID_REQUEST', { says: 'headers.content-range is about a file of another length.' });
    }
    const bytes = range.sizeBytes - range.startByte;
    if (bytes > TAIL_MAX_BYTES) throw new Fault('BODY_TOO_LARGE');
    try {
      await receiveExactly(bodyOf(request.raw), this.#store.tails.partOf(id), bytes);
      await this.#engine.alone(id, () => this.#layTail(id, range.startByte));
    } catch (cause) {
      throw asStorageFault(cause);
    } finally {
      await rm(this.#store.tails.partOf(id), { force: true });
    }
  }

  async #layTail(id: string, startByte: number): Promise<void> {
    const { tails } = this.#store;
    const offset = await this.#store.offsetOf(id);
    // Gone, or there by now in order: then a tail is of no use, and must not be written over what arrived.
    if (offset === undefined || offset > startByte || (await tails.find(id))) return;
    await tails.lay(id, this.#store.fileOf(id), tails.partOf(id), startByte, offset);
    const info = await this.#store.configstore.get(id);
    await this.#intake.tailLaid(id, offset, info?.size);
  }

  /** What a crash left between the last byte and the asset's next state. */
  async #heal(id: string): Promise<void> {
    const info = await this.#store.configstore.get(id);
    const offset = await this.#store.offsetOf(id);
    if (offset === undefined || offset === info?.size) await this.#finish(id);
  }
}

/** Writes a body of so many bytes, no less and no more, to a file. */
async function receiveExactly(body: Readable, path: string, bytes: number): Promise<void> {
  let received = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      if (received > bytes)
        done(new Fault('INVALID_REQUEST', { says: 'The body is longer than headers.content-range.' }));
      else done(null, chunk);
    },
  });
  await pipeline(body, count, createWriteStream(path, { mode: 0o640 }));
  if (received < bytes) throw new Fault('INVALID_REQUEST', { says: 'The body is shorter than headers.content-range.' });
}

/**
 * A client takes any failure of HEAD for the loss of its upload and starts again from zero (tus-js-client 4.3 does);
 * 423 is the one answer that makes it ask again, so that is what our own troubles become.
 */
function neverOurs(thrown: unknown): Fault {
  const fault = Fault.from(thrown);
  return fault.status < 500 ? fault : new Fault('UPLOAD_LOCKED', { cause: thrown });
}

/** Waits for `work`, whose failure is the caller's too, for so long and no longer. */
async function within(work: Promise<void>, waitMs: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, waitMs);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Headers that control sets for all of its answers. */
const OURS = /^(access-control-|content-length$|content-type$)/i;

function methodOf(request: FastifyRequest): string {
  const override = headerOf(request, 'x-http-method-override')?.toUpperCase();
  return request.method === 'POST' && override !== undefined ? override : request.method;
}

const METHODS = ['POST', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'];

/** A method in a header, and the host that the upload's address is made of, are the sender's own words. */
function checkAddress(method: string, request: FastifyRequest): void {
  if (!METHODS.includes(method)) throw new Fault('METHOD_NOT_ALLOWED');
  const { host } = request;
  if (!URL.canParse(`http://${host}`) || !/^[^/?#@\s]+$/.test(host)) {
    throw new Fault('INVALID_REQUEST', { says: 'headers.host is not the name of a server.' });
  }
}

/** What tus asks of requests and the library answers oddly (403 for a missing header). */
function checkHeaders(method: string, request: FastifyRequest): void {
  const { id } = request.params as { id?: string };
  if (id !== undefined && !isId(id, 'as'))
    throw new Fault('NOT_FOUND', { says: 'There is no upload at this address.' });
  const version = headerOf(request, 'tus-resumable');
  if (method !== 'OPTIONS' && version !== '1.0.0') throw new Fault('UPLOAD_VERSION_UNSUPPORTED');
  const metadata = headerOf(request, 'upload-metadata') ?? '';
  if (Buffer.byteLength(metadata) > MAX_METADATA_BYTES) {
    throw new Fault('INVALID_REQUEST', {
      says: `Upload-Metadata must not have more than ${MAX_METADATA_BYTES} bytes.`,
    });
  }
  if (method !== 'PATCH') return;
  if (headerOf(request, 'content-type') !== CHUNK_TYPE) {
    throw new Fault('UNSUPPORTED_MEDIA_TYPE', { says: `A PATCH of an upload has the Content-Type ${CHUNK_TYPE}.` });
  }
  if (headerOf(request, 'upload-offset') === undefined) {
    throw new Fault('INVALID_REQUEST', { says: 'Upload-Offset is missing.' });
  }
}

function webRequest(request: FastifyRequest, method: string, body: Readable | undefined): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && !name.startsWith(':')) headers.set(name, String(value));
  }
  const url = new URL(request.url, `http://${request.host}`);
  if (!body) return new Request(url, { method, headers });
  return new Request(url, { method, headers, body: Readable.toWeb(body) as ReadableStream, duplex: 'half' });
}

/** The body apart from its socket: the engine may drop it at any time, and the socket still answers afterwards. */
function bodyOf(raw: IncomingMessage): PassThrough {
  const body = new PassThrough();
  raw.once('error', (cause) => body.destroy(cause));
  raw.pipe(body);
  return body;
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}
