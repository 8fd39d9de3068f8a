import { randomBytes } from 'node:crypto';
import type { Static, TSchema } from 'typebox';
import type { Configuration } from '../../database/configuration.ts';
import { checkDistribution, type Surroundings } from '../../kernel/distribution/check.ts';
import {
  cachePolicyFaults,
  keyGroupFaults,
  originAccessControlFaults,
  originRequestPolicyFaults,
  responseHeadersPolicyFaults,
} from '../../kernel/distribution/check-policies.ts';
import {
  fillCachePolicy,
  fillDistribution,
  fillKeyGroup,
  fillOriginAccessControl,
  fillOriginRequestPolicy,
  fillResponseHeadersPolicy,
} from '../../kernel/distribution/defaults.ts';
import { type ConfigByKind, type FieldWarning, fieldError, type Kind } from '../../kernel/distribution/documents.ts';
import type { OriginAccessControlConfig } from '../../kernel/distribution/model.ts';
import { warnOfCachePolicy, warnOfDistribution, warnOfKeyGroup } from '../../kernel/distribution/warnings.ts';
import type { FieldError } from '../../kernel/errors.ts';
import type { IdPrefix } from '../../kernel/ids.ts';
import { KeyGroupSchema, NewOriginAccessControl, OriginAccessControlSchema } from './access-schemas.ts';
import { DistributionSchema } from './distribution-schema.ts';
import { CachePolicySchema, OriginRequestPolicySchema, ResponseHeadersPolicySchema } from './policy-schemas.ts';

/** What a document's secret becomes by a request. */
export interface SecretChange {
  /** Left out: it stays as it is. */
  readonly secret?: string;
  /** Made here, so whoever asked must be told it. */
  readonly isMade: boolean;
  readonly errors: readonly FieldError[];
}

/** One kind of document at the API: what the routes, which are the same for all, do not know. */
export interface Resource<K extends Kind = Kind> {
  readonly kind: K;
  /** Below `/v1/`. */
  readonly path: string;
  readonly prefix: IdPrefix;
  readonly noun: string;
  /** What it is, in a sentence. */
  readonly about: string;
  /** In the names of operations, alone and of many. */
  readonly names: readonly [one: string, many: string];
  readonly tag: string;
  readonly scope: 'distributions' | 'policies' | 'keys';
  readonly body: TSchema;
  /** As it is shown: without secrets. */
  readonly config: TSchema;
  fill(body: unknown): ConfigByKind[K];
  check(config: ConfigByKind[K], around: Surroundings): Iterable<FieldError>;
  warn(config: ConfigByKind[K], around: Surroundings): Iterable<FieldWarning>;
  secret?(body: unknown, config: ConfigByKind[K], before: Configuration<K> | undefined): SecretChange;
}

const DISTRIBUTIONS: Resource<'distribution'> = {
  kind: 'distribution',
  path: 'distributions',
  prefix: 'ds',
  noun: 'distribution',
  about: 'A distribution says from which origins edges serve which paths of which hosts, and by which rules.',
  names: ['Distribution', 'Distributions'],
  tag: 'distributions',
  scope: 'distributions',
  body: DistributionSchema,
  config: DistributionSchema,
  fill: (body) => fillDistribution(body as Static<typeof DistributionSchema>),
  check: checkDistribution,
  warn: warnOfDistribution,
};

const CACHE_POLICIES: Resource<'cache-policy'> = {
  kind: 'cache-policy',
  path: 'cache-policies',
  prefix: 'cp',
  noun: 'cache policy',
  about: 'A cache policy says for how long an answer is kept, and what tells answers of one path apart.',
  names: ['CachePolicy', 'CachePolicies'],
  tag: 'policies',
  scope: 'policies',
  body: CachePolicySchema,
  config: CachePolicySchema,
  fill: (body) => fillCachePolicy(body as Static<typeof CachePolicySchema>),
  check: cachePolicyFaults,
  warn: warnOfCachePolicy,
};

const ORIGIN_REQUEST_POLICIES: Resource<'origin-request-policy'> = {
  kind: 'origin-request-policy',
  path: 'origin-request-policies',
  prefix: 'orp',
  noun: 'origin request policy',
  about: 'An origin request policy says what of a request an origin is told beside what the cache policy names.',
  names: ['OriginRequestPolicy', 'OriginRequestPolicies'],
  tag: 'policies',
  scope: 'policies',
  body: OriginRequestPolicySchema,
  config: OriginRequestPolicySchema,
  fill: (body) => fillOriginRequestPolicy(body as Static<typeof OriginRequestPolicySchema>),
  check: originRequestPolicyFaults,
  warn: () => [],
};

const RESPONSE_HEADERS_POLICIES: Resource<'response-headers-policy'> = {
  kind: 'response-headers-policy',
  path: 'response-headers-policies',
  prefix: 'rhp',
  noun: 'response headers policy',
  about: 'A response headers policy says which fields the answers of edges have.',
  names: ['ResponseHeadersPolicy', 'ResponseHeadersPolicies'],
  tag: 'policies',
  scope: 'policies',
  body: ResponseHeadersPolicySchema,
  config: ResponseHeadersPolicySchema,
  fill: (body) => fillResponseHeadersPolicy(body as Static<typeof ResponseHeadersPolicySchema>),
  check: responseHeadersPolicyFaults,
  warn: () => [],
};

const KEY_GROUPS: Resource<'key-group'> = {
  kind: 'key-group',
  path: 'key-groups',
  prefix: 'kg',
  noun: 'key group',
  about: 'A key group names signing keys that are trusted together.',
  names: ['KeyGroup', 'KeyGroups'],
  tag: 'access',
  scope: 'keys',
  body: KeyGroupSchema,
  config: KeyGroupSchema,
  fill: (body) => fillKeyGroup(body as Static<typeof KeyGroupSchema>),
  check: keyGroupFaults,
  warn: warnOfKeyGroup,
};

const ORIGIN_ACCESS_CONTROLS: Resource<'origin-access-control'> = {
  kind: 'origin-access-control',
  path: 'origin-access-controls',
  prefix: 'oac',
  noun: 'origin access control',
  about: 'An origin access control says how requests to an origin are signed.',
  names: ['OriginAccessControl', 'OriginAccessControls'],
  tag: 'distributions',
  scope: 'distributions',
  body: NewOriginAccessControl,
  config: OriginAccessControlSchema,
  fill: (body) => fillOriginAccessControl(body as Static<typeof NewOriginAccessControl>),
  check: originAccessControlFaults,
  warn: () => [],
  secret: (body, config, before) =>
    changedSecret((body as Static<typeof NewOriginAccessControl>).secretAccessKey, config, before),
};

export const RESOURCES: readonly Resource[] = [
  DISTRIBUTIONS,
  CACHE_POLICIES,
  ORIGIN_REQUEST_POLICIES,
  RESPONSE_HEADERS_POLICIES,
  KEY_GROUPS,
  ORIGIN_ACCESS_CONTROLS,
];

/** A secret belongs to its access key: it stays only as long as that does. */
function changedSecret(
  given: string | undefined,
  { signingProtocol, accessKeyId }: OriginAccessControlConfig,
  before: Configuration<'origin-access-control'> | undefined,
): SecretChange {
  if (given !== undefined) return { secret: given, isMade: false, errors: [] };
  const stays =
    before?.hasSecret && before.config.signingProtocol === signingProtocol && before.config.accessKeyId === accessKeyId;
  if (stays) return { isMade: false, errors: [] };
  if (signingProtocol === 'edge') return { secret: randomBytes(32).toString('base64url'), isMade: true, errors: [] };
  const says = before ? 'is missing: this accessKeyId has another' : 'is missing: sigv4 needs it';
  return { isMade: false, errors: [fieldError('secretAccessKey', says)] };
}
