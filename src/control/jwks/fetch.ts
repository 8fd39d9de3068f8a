import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { readJwks, type TokenKey } from '../../kernel/access/jwks.ts';
import { parseCacheControl } from '../../kernel/http/cache-control.ts';
import { type AddressFaults, parseOutboundUrl, publicLookup } from '../../outbound/addresses.ts';

const ADDRESS: AddressFaults = { invalid: 'INVALID_REQUEST', refused: 'JWKS_ADDRESS_REFUSED' };
const TIMEOUT_MS = 10_000;
const MAX_BYTES = 262_144;
/** A provider that says nothing of it. */
const USUAL_SECONDS = 300;
const LEAST_SECONDS = 30;
const MOST_SECONDS = 3_600;

export interface FetchedJwks {
  readonly keys: readonly TokenKey[];
  /** How long it may be used before it is asked for again. */
  readonly lifeSeconds: number;
}

/** Fetches a set of keys. Redirects are not followed: they would lead where nobody has looked. @throws Error */
export async function fetchJwks(address: string, allowPrivate: boolean, stop: AbortSignal): Promise<FetchedJwks> {
  // The only addresses by http that a key group may have are this machine's own.
  const isHere = /^http:/i.test(address);
  const url = parseOutboundUrl(address, ADDRESS, { allowPrivate: allowPrivate || isHere });
  const response = await get(url, allowPrivate || isHere, AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]));
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`the address of a JWKS answered ${response.statusCode}`);
  }
  const keys = readJwks(JSON.parse(await textOf(response)));
  if (!keys) throw new Error('the answer is no set of keys');
  if (keys.length === 0) throw new Error('the set has no key that tokens can be checked with');
  return { keys, lifeSeconds: lifeOf(response.headers['cache-control']) };
}

function lifeOf(cacheControl: string | undefined): number {
  const { maxAgeSeconds, noStore, noCache } = parseCacheControl(cacheControl);
  const stated = noStore || noCache ? 0 : (maxAgeSeconds ?? USUAL_SECONDS);
  return Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, stated));
}

function get(url: URL, allowPrivate: boolean, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send(url, {
    // No shared agent: a kept socket would have been opened for another check.
    agent: false,
    signal,
    headers: { accept: 'application/jwk-set+json, application/json', 'user-agent': 'Frontrow' },
    ...(allowPrivate ? {} : { lookup: publicLookup(ADDRESS) }),
  });
  request.once('response', resolve);
  request.on('error', reject);
  request.end();
  return promise;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error('the answer is longer than a set of keys can be');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
