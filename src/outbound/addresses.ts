import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from '../kernel/address.ts';
import { Fault, type FaultCode } from '../kernel/errors.ts';

/**
 * Where this server sends requests on somebody else's word: sources to pull, endpoints of webhooks. Each kind of address
 * has its own faults, so that who asked reads what is wrong with what they gave.
 */
export interface AddressFaults {
  /** For what is no http or https URL. */
  readonly invalid: FaultCode;
  /** For an address inside some network. */
  readonly refused: FaultCode;
}

/**
 * A lookup for sockets that refuses a name when any of its addresses is not public. The check is made on the very
 * addresses the socket then connects to, so a name that changes its answer in between gains nothing.
 */
export function publicLookup(faults: AddressFaults): LookupFunction {
  return (hostname, options, callback) => {
    systemLookup(hostname, { ...options, all: true }, (cause, addresses) => {
      if (cause) return callback(cause, '', 0);
      const first = addresses[0];
      if (!first || addresses.some(({ address }) => !isPublicAddress(address))) {
        return callback(new Fault(faults.refused), '', 0);
      }
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}

/**
 * An address, absolute or relative to `base`, checked as far as its text tells: sockets never look up a literal address.
 * @throws Fault with one of the two codes of `faults`
 */
export function parseOutboundUrl(
  text: string,
  faults: AddressFaults,
  { base, allowPrivate }: { readonly base?: URL; readonly allowPrivate: boolean },
): URL {
  if (!URL.canParse(text, base)) throw new Fault(faults.invalid);
  const url = new URL(text, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Fault(faults.invalid);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) throw new Fault(faults.refused);
  return url;
}
