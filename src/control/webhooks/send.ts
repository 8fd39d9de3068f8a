import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AttemptResult } from '../../database/webhook-deliveries.ts';
import { Fault } from '../../kernel/errors.ts';
import { type AddressFaults, parseOutboundUrl, publicLookup } from '../../outbound/addresses.ts';

export interface SendOptions {
  readonly allowPrivate: boolean;
  /** From the start of the connection to the head of the answer. */
  readonly timeoutMs: number;
  readonly stop: AbortSignal;
}

const ENDPOINT_ADDRESS: AddressFaults = { invalid: 'WEBHOOK_URL_INVALID', refused: 'WEBHOOK_ADDRESS_REFUSED' };

/** How much of an answer is read, so that an endpoint with a few words to say is not cut off in the middle. */
const ANSWER_BYTES = 1_024;

/**
 * The address of an endpoint, checked as far as its text tells. A password in it would be shown by every list.
 * @throws Fault WEBHOOK_URL_INVALID or WEBHOOK_ADDRESS_REFUSED
 */
export function parseEndpoint(text: string, allowPrivate: boolean): URL {
  const url = parseOutboundUrl(text, ENDPOINT_ADDRESS, { allowPrivate });
  if (url.username !== '' || url.password !== '') throw new Fault('WEBHOOK_URL_INVALID');
  return url;
}

/**
 * Posts a body once. Redirects are answers like any other: following one would carry the message to an address that
 * nobody registered.
 * @throws the reason of `options.stop` when it ends the attempt
 */
export async function sendOnce(
  address: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  options: SendOptions,
): Promise<AttemptResult> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([deadline, options.stop]);
  try {
    const url = parseEndpoint(address, options.allowPrivate);
    return { responseStatus: await post(url, body, headers, { signal, allowPrivate: options.allowPrivate }) };
  } catch (cause) {
    if (options.stop.aborted) throw options.stop.reason;
    if (deadline.aborted) return { failure: 'WEBHOOK_TIMEOUT' };
    return { failure: cause instanceof Fault ? cause.code : 'WEBHOOK_UNREACHABLE' };
  }
}

function post(
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
  { signal, allowPrivate }: { readonly signal: AbortSignal; readonly allowPrivate: boolean },
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send(url, {
    method: 'POST',
    // No shared agent: a kept socket would have been opened for another check.
    agent: false,
    signal,
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    ...(allowPrivate ? {} : { lookup: publicLookup(ENDPOINT_ADDRESS) }),
  });
  request.once('response', (response) => {
    ignoreRest(response);
    resolve(response.statusCode ?? 0);
  });
  request.on('error', reject);
  request.end(body);
  return promise;
}

function ignoreRest(response: IncomingMessage): void {
  let readBytes = 0;
  response.on('data', (part: Buffer) => {
    readBytes += part.length;
    if (readBytes > ANSWER_BYTES) response.destroy();
  });
  // The status has said it all; how the rest ends matters to nobody.
  response.on('error', () => {});
}
