import { createWriteStream } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Fault } from '../kernel/errors.ts';
import { type AddressFaults, parseOutboundUrl, publicLookup } from '../outbound/addresses.ts';
import { asStorageFault, ignoreMissing } from './intake.ts';

export interface FetchOptions {
  readonly allowPrivate: boolean;
  readonly maxBytes: number;
  /** How long the source may go without a byte. */
  readonly idleMs: number;
  readonly stop: AbortSignal;
  readonly onProgress: (receivedBytes: number, sizeBytes: number | undefined) => Promise<void>;
}

const MAX_REDIRECTS = 5;

/** What is wrong with the address of a source. */
export const SOURCE_ADDRESS: AddressFaults = { invalid: 'PULL_URL_INVALID', refused: 'PULL_ADDRESS_REFUSED' };

/**
 * Fetches a source into `file`, going on where an earlier attempt stopped when the source can prove that it is still the
 * same. Redirects are followed by hand, each checked like the first address.
 * @throws Fault PULL_URL_INVALID, PULL_ADDRESS_REFUSED, PULL_FAILED, BODY_TOO_LARGE or STORAGE_FULL
 */
export async function fetchSource(address: string, file: string, options: FetchOptions): Promise<void> {
  const earlier = await earlierAttempt(file);
  try {
    const response = await follow(address, earlier, options);
    const offset = offsetOf(response, earlier);
    const sizeBytes = declaredSize(response, offset);
    if (sizeBytes !== undefined && sizeBytes > options.maxBytes) throw tooLarge();
    await writeFile(`${file}.etag`, strongEtag(response));
    await pipeline(
      response,
      meter(offset, sizeBytes, options),
      createWriteStream(file, offset > 0 ? { flags: 'r+', start: offset } : {}),
      { signal: options.stop },
    );
    // Whole: there is nothing left to go on from.
    await rm(`${file}.etag`, { force: true });
  } catch (cause) {
    if (options.stop.aborted) throw options.stop.reason;
    throw asPullFault(cause);
  }
}

interface EarlierAttempt {
  readonly bytes: number;
  readonly etag: string;
}

async function earlierAttempt(file: string): Promise<EarlierAttempt | undefined> {
  const etag = await readFile(`${file}.etag`, 'utf8').catch(ignoreMissing);
  const found = await stat(file).catch(ignoreMissing);
  return etag && found && found.size > 0 ? { bytes: found.size, etag } : undefined;
}

async function follow(
  address: string,
  earlier: EarlierAttempt | undefined,
  options: FetchOptions,
): Promise<IncomingMessage> {
  const { allowPrivate } = options;
  let url = parseOutboundUrl(address, SOURCE_ADDRESS, { allowPrivate });
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await get(url, earlier, options);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200 || (statusCode === 206 && earlier)) return response;
    response.destroy();
    if (statusCode < 300 || statusCode > 399 || headers.location === undefined) throw refused(statusCode);
    url = parseOutboundUrl(headers.location, SOURCE_ADDRESS, { base: url, allowPrivate });
  }
  throw new Fault('PULL_FAILED', { says: `The source redirects more than ${MAX_REDIRECTS} times.` });
}

function get(url: URL, earlier: EarlierAttempt | undefined, options: FetchOptions): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send(url, {
    // No shared agent: a kept socket would have been opened for another check.
    agent: false,
    signal: options.stop,
    headers: {
      'user-agent': 'frontrow',
      'accept-encoding': 'identity',
      ...(earlier ? { range: `bytes=${earlier.bytes}-`, 'if-range': earlier.etag } : {}),
    },
    ...(options.allowPrivate ? {} : { lookup: publicLookup(SOURCE_ADDRESS) }),
  });
  request.setTimeout(options.idleMs, () => {
    request.destroy(new Fault('PULL_FAILED', { says: `The source sent nothing for ${options.idleMs} ms.` }));
  });
  request.once('response', resolve);
  request.on('error', reject);
  request.end();
  return promise;
}

/** Where the answer's bytes belong: behind what is there, when it says so, else at the start. */
function offsetOf(response: IncomingMessage, earlier: EarlierAttempt | undefined): number {
  if (response.statusCode !== 206 || !earlier) return 0;
  const start = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1];
  if (Number(start) !== earlier.bytes) throw new Fault('PULL_FAILED', { says: 'The source sent another range.' });
  return earlier.bytes;
}

function declaredSize(response: IncomingMessage, offset: number): number | undefined {
  const length = Number(response.headers['content-length'] ?? Number.NaN);
  return Number.isSafeInteger(length) ? offset + length : undefined;
}

/** A weak validator does not promise equal bytes, so it is none (RFC 9110 section 13.1.5). */
function strongEtag(response: IncomingMessage): string {
  const { etag = '' } = response.headers;
  return etag.startsWith('W/') ? '' : etag;
}

function meter(offset: number, sizeBytes: number | undefined, options: FetchOptions): Transform {
  let at = offset;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      at += chunk.length;
      if (at > options.maxBytes) return done(tooLarge());
      options.onProgress(at, sizeBytes).then(() => done(null, chunk), done);
    },
  });
}

function refused(status: number): Fault {
  // A server that says no will say no again; one that is in trouble may recover.
  const retry = status >= 500 || status === 429 || status === 408;
  return new Fault('PULL_FAILED', { says: `The source answered with status ${status}.`, detail: { final: !retry } });
}

function tooLarge(): Fault {
  return new Fault('BODY_TOO_LARGE', { says: 'The source is larger than this server accepts.' });
}

function asPullFault(cause: unknown): unknown {
  const fault = asStorageFault(cause);
  if (fault instanceof Fault) return fault;
  if (cause instanceof Error && cause.cause instanceof Fault) return cause.cause;
  return new Fault('PULL_FAILED', { cause });
}
