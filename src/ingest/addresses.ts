import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Fault } from '../kernel/errors.ts';

/**
 * True for an address of the public internet. Everything else is some network's inside: loopback, private, link-local
 * (where clouds keep their credentials), carrier NAT, multicast, unspecified, documentation, and every wrapping of an
 * IPv4 address in an IPv6 one, judged by what it wraps.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.range() === 'unicast';
  const v6 = parsed as ipaddr.IPv6;
  const embedded = embeddedIpv4(v6);
  return embedded === undefined ? v6.range() === 'unicast' : isPublicAddress(embedded);
}

/** The IPv4 address that NAT64 (RFC 6052) and 6to4 (RFC 3056) gateways would really send to. */
function embeddedIpv4(address: ipaddr.IPv6): string | undefined {
  const bytes = address.toByteArray();
  const range = address.range();
  if (range === 'rfc6052') return bytes.slice(12).join('.');
  if (range === '6to4') return bytes.slice(2, 6).join('.');
  return undefined;
}

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
