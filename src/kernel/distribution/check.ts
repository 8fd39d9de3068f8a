import type { FieldError } from '../errors.ts';
import { behaviorFaults } from './check-behaviors.ts';
import { filmFaults } from './check-films.ts';
import { fieldSyntax } from './check-lists.ts';
import { originFaults } from './check-origins.ts';
import { type Documents, FILM_DISTRIBUTION, fieldError } from './documents.ts';
import { isAlias } from './hosts.ts';
import type { CustomErrorResponse, DistributionConfig, GeoRestriction } from './model.ts';

/** What a document is checked against, besides its schema. */
export interface Surroundings {
  readonly documents: Documents;
  /** The id under which it will stand. */
  readonly id: string;
  /** Where viewers reach this server's own edges, as `host:port`. */
  readonly ownAddresses: readonly string[];
  /** Signing keys by their ids: whether they are revoked. */
  readonly signingKeys: ReadonlyMap<string, { readonly isRevoked: boolean }>;
}

/** Everything that is wrong with a distribution whose shape is right, in the order of its fields. */
export function checkDistribution(config: DistributionConfig, around: Surroundings): FieldError[] {
  return [
    ...aliasFaults(config, around),
    ...rootFaults(config.defaultRootObject),
    ...originFaults(config, around),
    ...behaviorFaults(config, around.documents),
    ...errorResponseFaults(config.customErrorResponses),
    ...geoFaults(config.restrictions.geoRestriction),
    ...tagFaults(config),
    ...filmFaults(config, around.id),
  ];
}

function* aliasFaults({ aliases }: DistributionConfig, { documents, id, ownAddresses }: Surroundings) {
  const own = new Set(ownAddresses.map(hostOf));
  for (const [at, alias] of aliases.entries()) {
    const path = `aliases[${at}]`;
    if (!isAlias(alias)) {
      yield fieldError(path, 'is not a host name in lower case, such as www.example.com or *.example.com');
      continue;
    }
    if (aliases.indexOf(alias) < at) yield fieldError(path, 'is there twice');
    if (id !== FILM_DISTRIBUTION && own.has(alias)) {
      yield fieldError(path, 'is the host at which this server gives out films, which is the distribution default');
    }
    for (const [other, { aliases: taken, origins }] of Object.entries(documents.distribution)) {
      if (other === id) continue;
      if (taken.includes(alias)) yield fieldError(path, `belongs to the distribution ${other} already`);
      const origin = origins.find(({ domainName }) => domainName.toLowerCase() === alias);
      if (origin) yield fieldError(path, `is the address of the origin ${origin.id} of the distribution ${other}`);
    }
  }
}

function hostOf(address: string): string {
  return address.replace(/:\d+$/, '');
}

/** What CloudFront takes in the name of an object. */
const ROOT_OBJECT = /^[A-Za-z0-9_\-.*$/~"'@:+&]*$/;

function* rootFaults(name: string) {
  if (name.startsWith('/')) yield fieldError('defaultRootObject', 'begins with a slash; write index.html');
  else if (!ROOT_OBJECT.test(name)) yield fieldError('defaultRootObject', 'has characters that no path has');
}

const ERROR_CODES: readonly number[] = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

function* errorResponseFaults(responses: readonly CustomErrorResponse[]) {
  const seen = new Set<number>();
  for (const [at, { errorCode, responsePagePath, responseCode }] of responses.entries()) {
    const path = `customErrorResponses[${at}]`;
    if (!ERROR_CODES.includes(errorCode)) yield fieldError(`${path}.errorCode`, `is none of ${ERROR_CODES.join(', ')}`);
    if (seen.has(errorCode)) yield fieldError(`${path}.errorCode`, 'is there twice');
    seen.add(errorCode);
    if ((responsePagePath === undefined) !== (responseCode === undefined)) {
      const missing = responsePagePath === undefined ? 'responsePagePath' : 'responseCode';
      yield fieldError(`${path}.${missing}`, 'is missing: a page and its status are given together, or neither is');
    }
    if (responsePagePath !== undefined && !/^\/[\x21-\x22\x24-\x3e\x40-\x7e]*$/.test(responsePagePath)) {
      yield fieldError(`${path}.responsePagePath`, 'is not a path that begins with a slash');
    }
    if (responseCode !== undefined && responseCode !== 200 && !ERROR_CODES.includes(responseCode)) {
      yield fieldError(`${path}.responseCode`, `is none of 200, ${ERROR_CODES.join(', ')}`);
    }
  }
}

function* geoFaults({ restrictionType, locations }: GeoRestriction) {
  const path = 'restrictions.geoRestriction.locations';
  if (restrictionType === 'none' && locations.length > 0)
    yield fieldError(path, 'must be empty where nothing is restricted');
  if (restrictionType !== 'none' && locations.length === 0) yield fieldError(path, 'names no country');
  for (const [at, location] of locations.entries()) {
    if (locations.indexOf(location) < at) yield fieldError(`${path}[${at}]`, 'is there twice');
  }
}

/** In which no origin could tag what it sends. */
const NO_TAG_FIELDS: ReadonlySet<string> = new Set(['set-cookie', 'connection', 'transfer-encoding', 'content-length']);

function* tagFaults({ cacheTagConfig }: DistributionConfig) {
  if (!cacheTagConfig) return;
  const { headerName } = cacheTagConfig;
  if (!fieldSyntax.name.test(headerName) || NO_TAG_FIELDS.has(headerName.toLowerCase())) {
    yield fieldError('cacheTagConfig.headerName', 'is not a field in which tags can be sent');
  }
}
