import { addressOf, normalAddress } from './address.ts';

/**
 * The PROXY protocol, versions 1 and 2: what a load balancer that only moves bytes says about a connection before its
 * first byte. https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 */
export interface ProxySource {
  readonly ip: string;
  readonly port: number;
}

export type ProxyHeader =
  | { readonly kind: 'more' }
  | { readonly kind: 'invalid' }
  /** Without a source the connection is the balancer's own, or of a kind that has no address. */
  | { readonly kind: 'header'; readonly sizeBytes: number; readonly source: ProxySource | undefined };

const MORE: ProxyHeader = { kind: 'more' };
const INVALID: ProxyHeader = { kind: 'invalid' };

const SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const V1_START = Buffer.from('PROXY ');
/** The longest line that version 1 allows, line end included. */
const V1_MAX_BYTES = 107;
const V2_HEAD_BYTES = 16;
/** Addresses take 36 bytes, or 216 of a path; the rest is remarks, of which balancers write some hundreds. */
const V2_MAX_BYTES = 4_096;

/** Reads the header at the start of a connection: `more` while these bytes could still become one. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsLike(bytes, SIGNATURE)) return bytes.length < V2_HEAD_BYTES ? MORE : parseBinary(bytes);
  if (startsLike(bytes, V1_START)) return parseLine(bytes);
  return INVALID;
}

/** As far as both reach. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
}

function parseLine(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, V1_MAX_BYTES).indexOf('\r\n');
  if (end < 0) return bytes.length < V1_MAX_BYTES ? MORE : INVALID;
  const sizeBytes = end + 2;
  const [, family, ip = '', target = '', port = '', targetPort = '', ...rest] = bytes
    .toString('latin1', 0, end)
    .split(' ');
  if (family === 'UNKNOWN') return { kind: 'header', sizeBytes, source: undefined };
  if (rest.length > 0 || !isOfFamily(family, ip) || !isOfFamily(family, target)) return INVALID;
  if (!isPort(port) || !isPort(targetPort)) return INVALID;
  return { kind: 'header', sizeBytes, source: { ip: normalAddress(ip) ?? ip, port: Number(port) } };
}

function isOfFamily(family: string | undefined, ip: string): boolean {
  if (normalAddress(ip) === undefined) return false;
  return ip.includes(':') ? family === 'TCP6' : family === 'TCP4';
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

const COMMAND_LOCAL = 0x20;
const COMMAND_PROXY = 0x21;
/** Bytes of one address, by the family in the upper half of the byte. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 1: 4, 2: 16 };

function parseBinary(bytes: Buffer): ProxyHeader {
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13) >> 4;
  const restBytes = bytes.readUInt16BE(14);
  const sizeBytes = V2_HEAD_BYTES + restBytes;
  if (sizeBytes > V2_MAX_BYTES || (command !== COMMAND_LOCAL && command !== COMMAND_PROXY)) return INVALID;
  const addressBytes = ADDRESS_BYTES[family];
  const speaks = command === COMMAND_PROXY && addressBytes !== undefined;
  if (speaks && restBytes < addressBytes * 2 + 4) return INVALID;
  if (bytes.length < sizeBytes) return MORE;
  if (!speaks) return { kind: 'header', sizeBytes, source: undefined };
  const ip = addressOf(bytes.subarray(V2_HEAD_BYTES, V2_HEAD_BYTES + addressBytes));
  const port = bytes.readUInt16BE(V2_HEAD_BYTES + addressBytes * 2);
  return { kind: 'header', sizeBytes, source: { ip, port } };
}
