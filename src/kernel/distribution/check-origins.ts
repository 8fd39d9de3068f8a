import { type IpRange, inIpRange, normalAddress, parseIpRange } from '../address.ts';
import type { FieldError } from '../errors.ts';
import type { Surroundings } from './check.ts';
import { fieldSyntax } from './check-lists.ts';
import { FILM_DISTRIBUTION, FILM_ORIGIN, fieldError } from './documents.ts';
import { compileHosts } from './hosts.ts';
import type { DistributionConfig, Origin, OriginGroup } from './model.ts';
import { lookUp } from './references.ts';

export function* originFaults(config: DistributionConfig, around: Surroundings): Generator<FieldError> {
  const { origins, originGroups } = config;
  const ids = [...origins, ...originGroups].map(({ id }) => id);
  for (const [at, origin] of origins.entries()) {
    const path = `origins[${at}]`;
    if (ids.indexOf(origin.id) < at) yield fieldError(`${path}.id`, 'is the id of another origin');
    yield* kindFaults(path, origin, around);
    yield* addressFaults(path, origin);
    yield* loopFaults(path, origin, config, around);
    yield* customHeaderFaults(`${path}.customHeaders`, origin);
    yield* accessControlFaults(path, origin, around);
  }
  for (const [at, group] of originGroups.entries()) {
    const path = `originGroups[${at}]`;
    if (ids.indexOf(group.id) < origins.length + at) {
      yield fieldError(`${path}.id`, 'is the id of another origin or origin group');
    }
    yield* groupFaults(path, group, origins);
  }
}

const KINDS = ['customOriginConfig', 's3OriginConfig', 'filmOriginConfig'] as const;

function* kindFaults(path: string, origin: Origin, { id }: Surroundings): Generator<FieldError> {
  const given = KINDS.filter((kind) => origin[kind] !== undefined);
  if (given.length > 1)
    yield fieldError(`${path}.${given[1]}`, `cannot stand beside ${given[0]}: an origin is of one kind`);
  if (origin.filmOriginConfig === undefined) return;
  if (id !== FILM_DISTRIBUTION || origin.id !== FILM_ORIGIN) {
    yield fieldError(
      `${path}.filmOriginConfig`,
      `is for the origin ${FILM_ORIGIN} of the distribution ${FILM_DISTRIBUTION} alone`,
    );
  }
}

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?$/i;

function isHost(text: string): boolean {
  if (normalAddress(text) !== undefined) return true;
  const labels = text.split('.');
  // All digits at the end would be an address, and one that is written wrong.
  return (
    text.length <= 253 &&
    labels.every((label) => LABEL.test(label)) &&
    !/^(?:0x[\da-f]*|\d*)$/i.test(labels.at(-1) ?? '')
  );
}

/** No server is at one of these, but this machine itself and what clouds tell their machines, credentials too. */
const NO_ORIGINS = ['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '::/128', 'fe80::/10', 'ff00::/8'].map(rangeOf);

const LOOPBACK = rangeOf('127.0.0.0/8');

function rangeOf(text: string): IpRange {
  const range = parseIpRange(text);
  if (!range) throw new Error(`${text} is no range`);
  return range;
}

function* addressFaults(path: string, { domainName, originPath, filmOriginConfig }: Origin): Generator<FieldError> {
  if (filmOriginConfig !== undefined) {
    if (domainName !== '') yield fieldError(`${path}.domainName`, 'must be empty: edges know where films are');
    if (originPath !== '') yield fieldError(`${path}.originPath`, 'must be empty: edges know where films are');
    return;
  }
  if (!isHost(domainName)) {
    const where = 'a scheme and a port go to customOriginConfig, a path to originPath';
    yield fieldError(`${path}.domainName`, `is not a host name or an IP address (${where})`);
  }
  if (NO_ORIGINS.some((range) => inIpRange(domainName, range))) {
    yield fieldError(`${path}.domainName`, 'is an address at which no origin can be');
  }
  if (originPath !== '' && !/^(?:\/[\x21\x22\x24-\x2e\x30-\x3e\x40-\x7e]+)+$/.test(originPath)) {
    yield fieldError(`${path}.originPath`, 'must begin with a slash, end without one, and be a path');
  } else if (originPath.split('/').some((segment) => segment === '.' || segment === '..')) {
    yield fieldError(`${path}.originPath`, 'has dot segments');
  }
}

/** Where this very server answers. A request sent there comes back, and CDN-Loop stops it only at the second round. */
function* loopFaults(
  path: string,
  origin: Origin,
  config: DistributionConfig,
  { documents, id, ownAddresses }: Surroundings,
): Generator<FieldError> {
  if (origin.filmOriginConfig !== undefined) return;
  const host = writtenHost(origin.domainName);
  const ports = portsOf(origin);
  if (ports.some((port) => ownAddresses.includes(`${host}:${port}`))) {
    yield fieldError(
      `${path}.domainName`,
      'is the address of this server’s own edge: its requests would come back to it',
    );
    return;
  }
  // Another port of the same machine may well be an application.
  const edgePorts = new Set(['80', '443', ...ownAddresses.map((address) => address.replace(/^.*:/, ''))]);
  if (!ports.some((port) => edgePorts.has(`${port}`))) return;
  const aliases = Object.entries({ ...documents.distribution, [id]: config }).map(([each, { aliases: names }]) => [
    each,
    names,
  ]);
  const holder = compileHosts(Object.fromEntries(aliases))(host);
  if (holder === undefined) return;
  const whose = holder === id ? 'this distribution' : `the distribution ${holder}`;
  yield fieldError(`${path}.domainName`, `is an alias of ${whose}: its requests would come back to this server’s edge`);
}

/** As it stands in a URL, and in one way however it was written. */
function writtenHost(domainName: string): string {
  const address = normalAddress(domainName);
  if (address === undefined) return domainName.toLowerCase();
  if (inIpRange(address, LOOPBACK)) return '127.0.0.1';
  return address.includes(':') ? `[${address}]` : address;
}

function portsOf({ customOriginConfig }: Origin): readonly number[] {
  if (!customOriginConfig) return [443];
  const { httpPort, httpsPort, originProtocolPolicy } = customOriginConfig;
  if (originProtocolPolicy === 'http-only') return [httpPort];
  return originProtocolPolicy === 'https-only' ? [httpsPort] : [httpPort, httpsPort];
}

/** Those that the edge writes itself, and those that would change what a request is. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'cache-control',
  'cdn-loop',
  'connection',
  'content-length',
  'cookie',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'max-forwards',
  'pragma',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'request-range',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-real-ip',
]);
const FORBIDDEN_STARTS = ['x-amz-', 'x-edge-', 'frontrow-'];
const MAX_HEADER_BYTES = 10_240;

function* customHeaderFaults(path: string, { customHeaders }: Origin): Generator<FieldError> {
  const seen = new Set<string>();
  for (const [at, { headerName, headerValue }] of customHeaders.entries()) {
    const lower = headerName.toLowerCase();
    const name = `${path}[${at}].headerName`;
    if (!fieldSyntax.name.test(headerName)) yield fieldError(name, 'is not the name of a header field');
    if (FORBIDDEN.has(lower) || FORBIDDEN_STARTS.some((start) => lower.startsWith(start))) {
      yield fieldError(name, 'is a field that cannot be set');
    }
    if (seen.has(lower)) yield fieldError(name, 'is there twice');
    seen.add(lower);
    if (!fieldSyntax.value.test(headerValue)) {
      yield fieldError(`${path}[${at}].headerValue`, 'has characters that a header field cannot have');
    }
  }
  const bytes = customHeaders.reduce((sum, each) => sum + each.headerName.length + each.headerValue.length, 0);
  if (bytes > MAX_HEADER_BYTES) yield fieldError(path, `have more than ${MAX_HEADER_BYTES} characters together`);
}

function* accessControlFaults(path: string, origin: Origin, { documents }: Surroundings): Generator<FieldError> {
  const { originAccessControlId, s3OriginConfig, filmOriginConfig } = origin;
  if (originAccessControlId === undefined) return;
  const field = `${path}.originAccessControlId`;
  const control = lookUp(documents, 'origin-access-control', originAccessControlId);
  if (!control) yield fieldError(field, 'names no origin access control');
  else if (filmOriginConfig !== undefined) yield fieldError(field, 'has no use: requests for films are signed anyway');
  else if (s3OriginConfig !== undefined && control.originAccessControlOriginType !== 's3') {
    yield fieldError(field, 'names an origin access control that is not for S3');
  }
}

const FAILOVER_CODES: readonly number[] = [400, 403, 404, 416, 429, 500, 502, 503, 504];

function* groupFaults(path: string, group: OriginGroup, origins: readonly Origin[]): Generator<FieldError> {
  const { members, failoverCriteria } = group;
  for (const [at, member] of members.entries()) {
    const field = `${path}.members[${at}]`;
    const origin = origins.find(({ id }) => id === member);
    if (!origin) yield fieldError(field, 'names no origin');
    if (origin?.filmOriginConfig !== undefined)
      yield fieldError(field, 'is the origin of films, which has no stand-in');
    if (members.indexOf(member) < at) yield fieldError(field, 'is there twice');
  }
  for (const [at, code] of failoverCriteria.statusCodes.entries()) {
    const field = `${path}.failoverCriteria.statusCodes[${at}]`;
    if (!FAILOVER_CODES.includes(code)) yield fieldError(field, `is none of ${FAILOVER_CODES.join(', ')}`);
    if (failoverCriteria.statusCodes.indexOf(code) < at) yield fieldError(field, 'is there twice');
  }
}
