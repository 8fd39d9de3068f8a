import ipaddr from 'ipaddr.js';

/** IP addresses and ranges; the only door to ipaddr.js. */
type Address = ipaddr.IPv4 | ipaddr.IPv6;

export interface IpRange {
  readonly base: Address;
  /** Leading bits that must agree. */
  readonly bits: number;
  /** The range written with its mask, such as `203.0.113.0/24`. */
  readonly text: string;
}

/** One address (its own full mask implied) or one CIDR block, IPv4 or IPv6; undefined for any other text. */
export function parseIpRange(text: string): IpRange | undefined {
  const [address = '', mask, ...rest] = text.split('/');
  const base = parseAddress(address);
  if (!base || rest.length > 0) return undefined;
  const widest = base.kind() === 'ipv4' ? 32 : 128;
  if (mask === undefined) return { base, bits: widest, text: `${address}/${widest}` };
  if (!/^\d{1,3}$/.test(mask) || Number(mask) > widest) return undefined;
  return { base, bits: Number(mask), text };
}

/** True when the address lies in the range. `0.0.0.0/0` means anybody, IPv6 viewers too, as CloudFront has it. */
export function inIpRange(address: string, range: IpRange): boolean {
  if (range.bits === 0 && range.base.kind() === 'ipv4') return true;
  const parsed = parseAddress(address);
  if (!parsed || parsed.kind() !== range.base.kind()) return false;
  return parsed.match([range.base, range.bits]);
}

/**
 * True for an address of the public internet. Everything else is some network's inside: loopback, private, link-local
 * (where clouds keep their credentials), carrier NAT, multicast, unspecified, documentation, and every wrapping of an
 * IPv4 address in an IPv6 one, judged by what it wraps.
 */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text);
  if (!address) return false;
  const embedded = address.kind() === 'ipv6' ? embeddedIpv4(address as ipaddr.IPv6) : undefined;
  return embedded === undefined ? address.range() === 'unicast' : isPublicAddress(embedded);
}

/**
 * The IPv4 address that NAT64 (RFC 6052) and 6to4 (RFC 3056) gateways would really send to, or that stands behind twelve
 * zero bytes, as was done before RFC 4291 section 2.5.5.1 ended it.
 */
function embeddedIpv4(address: ipaddr.IPv6): string | undefined {
  const bytes = address.toByteArray();
  const range = address.range();
  if (range === 'rfc6052') return bytes.slice(12).join('.');
  if (range === '6to4') return bytes.slice(2, 6).join('.');
  if (range === 'unicast' && bytes.slice(0, 12).every((byte) => byte === 0)) return bytes.slice(12).join('.');
  return undefined;
}

/**
 * Four decimal parts or IPv6; an IPv4 address that a dual-stack socket reports in IPv6 clothes becomes IPv4 again.
 * Octal, hexadecimal and shortened IPv4 spellings are refused: other software reads them as other addresses.
 */
function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (!ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/** The address as it is usually written; undefined for any other text. */
export function normalAddress(text: string): string | undefined {
  return parseAddress(text)?.toString();
}

/** Its 4 or 16 bytes; undefined for any other text. */
export function addressBytes(text: string): Uint8Array | undefined {
  const bytes = parseAddress(text)?.toByteArray();
  return bytes && Uint8Array.from(bytes);
}

/** The address that 4 or 16 bytes stand for. */
export function addressOf(bytes: Uint8Array): string {
  const address = ipaddr.fromByteArray([...bytes]).toString();
  return normalAddress(address) ?? address;
}

/**
 * Ranges from a list with commas, as a setting has it; `private` stands for every address that is not of the public
 * internet. Undefined names none: a list with a word in it that is no range.
 */
export function parseTrust(list: string): ((address: string) => boolean) | undefined {
  const words = list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const ranges = words.filter((word) => word !== 'private').map(parseIpRange);
  if (ranges.includes(undefined)) return undefined;
  const known = ranges as IpRange[];
  const insiders = words.includes('private');
  return (address) =>
    known.some((range) => inIpRange(address, range)) ||
    (insiders && parseAddress(address) !== undefined && !isPublicAddress(address));
}

/** Whom to count by: the address, or of IPv6 the /64 that it is in. Whoever has one of these addresses has 2^64 of them. */
export function networkOf(ip: string): string {
  const address = normalAddress(ip) ?? ip;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  const whole = [
    ...groups,
    ...Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => '0'),
    ...rest,
  ];
  return whole.slice(0, 4).join(':');
}
