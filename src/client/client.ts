import type { Asset } from './api.ts';
import type { Answer, AnyRequest, Given, Item, Lists, Paths, Request, Verb } from './call.ts';
import { errorOf, FrontrowError } from './frontrow-error.ts';
import { pause, waitMs } from './retry.ts';
import { type UploadLabels, type UploadOptions, uploadBlob } from './upload.ts';

export interface FrontrowOptions {
  /** Where control answers, such as `https://control.example`. */
  readonly url: string;
  /** An API token. */
  readonly token: string;
  /** How often a request is sent again that a server was too busy for, or that did not reach it. */
  readonly retries?: number;
}

/**
 * A server's API. Each method takes a path as the OpenAPI document writes it and, typed by that, the parts of the request;
 * it resolves to the body of the answer, or throws a FrontrowError.
 */
export class Frontrow {
  readonly #url: string;
  readonly #token: string;
  readonly #retries: number;

  constructor({ url, token, retries = 3 }: FrontrowOptions) {
    if (!/^https?:\/\//.test(url)) throw new TypeError('url must be an http or https URL.');
    if (!token) throw new TypeError('token must be an API token.');
    this.#url = url.replace(/\/+$/, '');
    this.#token = token;
    this.#retries = retries;
  }

  get<Path extends Paths<'GET'>>(path: Path, ...[request]: Given<'GET', Path>): Promise<Answer<'GET', Path>> {
    return this.#bodyOf('GET', path, request);
  }

  post<Path extends Paths<'POST'>>(path: Path, ...[request]: Given<'POST', Path>): Promise<Answer<'POST', Path>> {
    return this.#bodyOf('POST', path, request);
  }

  put<Path extends Paths<'PUT'>>(path: Path, ...[request]: Given<'PUT', Path>): Promise<Answer<'PUT', Path>> {
    return this.#bodyOf('PUT', path, request);
  }

  patch<Path extends Paths<'PATCH'>>(path: Path, ...[request]: Given<'PATCH', Path>): Promise<Answer<'PATCH', Path>> {
    return this.#bodyOf('PATCH', path, request);
  }

  delete<Path extends Paths<'DELETE'>>(
    path: Path,
    ...[request]: Given<'DELETE', Path>
  ): Promise<Answer<'DELETE', Path>> {
    return this.#bodyOf('DELETE', path, request);
  }

  /** The answer with its ETag, for a change that must not overwrite another one. */
  async read<Path extends Paths<'GET'>>(
    path: Path,
    ...[request]: Given<'GET', Path>
  ): Promise<{ body: Answer<'GET', Path>; etag: string | undefined }> {
    const response = await this.#send('GET', path, request as AnyRequest);
    return { body: (await readBody(response)) as Answer<'GET', Path>, etag: response.headers.get('etag') ?? undefined };
  }

  /** Everything in a list, page by page as it is asked for. */
  async *items<Path extends Lists>(path: Path, ...[request]: Given<'GET', Path>): AsyncGenerator<Item<Path>> {
    const given = request as (Request<'GET', Path> & AnyRequest) | undefined;
    let cursor: string | null | undefined;
    do {
      const query = { ...given?.query, ...(cursor ? { cursor } : {}) };
      const page = await this.#bodyOf<{ items: Item<Path>[]; nextCursor?: string | null }>('GET', path, {
        ...given,
        query,
      });
      yield* page.items;
      cursor = page.nextCursor;
    } while (cursor);
  }

  /**
   * Uploads a film in pieces that are tried again; in Node a file is `await fs.openAsBlob(path)`. What was interrupted goes
   * on with `assetId` of the earlier call, which `onBegun` told.
   */
  async upload(film: Blob, labels: UploadLabels, options: UploadOptions = {}): Promise<Asset> {
    const send = (method: string, path: string, request: AnyRequest) => this.#send(method, path, request);
    const assetId = await uploadBlob(send, film, labels, options);
    return this.get('/v1/assets/{assetId}', {
      path: { assetId },
      ...(options.signal ? { signal: options.signal } : {}),
    });
  }

  async #bodyOf<Body>(method: Verb, path: string, request: unknown): Promise<Body> {
    return (await readBody(await this.#send(method, path, (request ?? {}) as AnyRequest))) as Body;
  }

  /** An answer that is good, after as many attempts as help. @throws FrontrowError */
  async #send(method: string, path: string, request: AnyRequest = {}): Promise<Response> {
    const url = this.#url + writePath(path, request);
    // One key for all attempts: the second must not do the work of the first again.
    const headers = { ...this.#headersOf(method, request), ...request.headers };
    const { signal } = request;
    const init = { method, headers, ...bodyOf(request.body), ...(signal ? { signal } : {}) };
    const retries = request.body instanceof ReadableStream ? 0 : this.#retries;
    for (let attempt = 0; ; attempt += 1) {
      const { response, error } = await attemptOnce(url, init);
      if (response?.ok) return response;
      const wait = waitMs(response?.status ?? 0, response?.headers.get('retry-after') ?? null, attempt);
      if (wait === undefined || attempt >= retries) throw response ? await errorOf(response) : error;
      await response?.body?.cancel();
      await pause(wait, signal);
    }
  }

  #headersOf(method: string, { body, contentType, idempotencyKey, ifMatch }: AnyRequest): Record<string, string> {
    const type = isBytes(body) ? (contentType ?? 'application/octet-stream') : 'application/json';
    return {
      authorization: `Bearer ${this.#token}`,
      accept: 'application/json, application/problem+json',
      ...(body === undefined ? {} : { 'content-type': type }),
      ...(method === 'POST' ? { 'idempotency-key': idempotencyKey ?? crypto.randomUUID() } : {}),
      ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    };
  }
}

/** Only a connection that failed is worth another attempt; an abort is its caller's own. */
async function attemptOnce(url: string, init: RequestInit): Promise<{ response?: Response; error?: unknown }> {
  try {
    return { response: await fetch(url, init) };
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    const { origin } = new URL(url);
    return { error: new FrontrowError(0, 'UNREACHABLE', `No server answers at ${origin}.`, { cause }) };
  }
}

function writePath(path: string, { path: values = {}, query = {} }: AnyRequest): string {
  const whole = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(values[name] ?? '');
    // A path that lost a part would be another operation's.
    if (value === '' || value === '.' || value === '..') throw new TypeError(`path.${name} must not be empty.`);
    return encodeURIComponent(value);
  });
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(pairs.flatMap(([name, value]) => [value].flat().map((each) => [name, `${each}`])));
  return search.size === 0 ? whole : `${whole}?${search}`;
}

function bodyOf(body: unknown): { body?: NonNullable<RequestInit['body']>; duplex?: 'half' } {
  if (body === undefined) return {};
  if (!isBytes(body)) return { body: JSON.stringify(body) };
  return body instanceof ReadableStream ? { body, duplex: 'half' } : { body };
}

function isBytes(body: unknown): body is string | Blob | Uint8Array<ArrayBuffer> | ReadableStream {
  return (
    typeof body === 'string' || body instanceof Uint8Array || body instanceof Blob || body instanceof ReadableStream
  );
}

async function readBody(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return undefined;
  return /\bjson\b/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
}
