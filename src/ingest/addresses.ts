import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from '../kernel/address.ts';
import { Fault } from '../kernel/errors.ts';

/**
 * A lookup for sockets that refuses a name when any of its addresses is not public. The check is made on the very
 * addresses the socket then connects to, so a name that changes its answer in between gains nothing.
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (cause, addresses) => {
    if (cause) return callback(cause, '', 0);
    const first = addresses[0];
    if (!first || addresses.some(({ address }) => !isPublicAddress(address))) {
      return callback(refusal(), '', 0);
    }
    return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
  });
};

/**
 * The source's address, checked as far as its text tells: sockets never look up a literal address.
 * @throws Fault PULL_URL_INVALID or PULL_ADDRESS_REFUSED
 */
export function parseSourceUrl(text: string, base: URL | undefined, allowPrivate: boolean): URL {
  if (!URL.canParse(text, base)) throw new Fault('PULL_URL_INVALID');
  const url = new URL(text, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Fault('PULL_URL_INVALID');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) throw refusal();
  return url;
}

function refusal(): Fault {
  return new Fault('PULL_ADDRESS_REFUSED');
}
