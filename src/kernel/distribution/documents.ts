import type { FieldError } from '../errors.ts';
import type {
  CachePolicyConfig,
  DistributionConfig,
  KeyGroupConfig,
  OriginAccessControlConfig,
  OriginRequestPolicyConfig,
  ResponseHeadersPolicyConfig,
} from './model.ts';

/** What an operator configures, document by document. */
export interface ConfigByKind {
  readonly distribution: DistributionConfig;
  readonly 'cache-policy': CachePolicyConfig;
  readonly 'origin-request-policy': OriginRequestPolicyConfig;
  readonly 'response-headers-policy': ResponseHeadersPolicyConfig;
  readonly 'key-group': KeyGroupConfig;
  readonly 'origin-access-control': OriginAccessControlConfig;
}

export type Kind = keyof ConfigByKind;

/** All documents by kind and id, managed policies too: what a new one is checked against. */
export type Documents = { readonly [K in Kind]: Readonly<Record<string, ConfigByKind[K]>> };

/** One thing that is wrong with a document: a sentence that names the field. */
export function fieldError(path: string, predicate: string): FieldError {
  const field = `body.${path}`;
  return { field, says: `${field} ${predicate}.` };
}

/** One thing that works and yet may not be what was meant. */
export interface FieldWarning extends FieldError {
  readonly code: WarningCode;
}

export const WARNING_CODES = [
  'NO_ALIAS',
  'ORIGIN_UNUSED',
  'PATH_PATTERN_REPEATED',
  'PATH_PATTERN_SHADOWED',
  'PATH_PATTERNS_CROSS',
  'PUBLIC_BEFORE_SIGNED',
  'MIN_TTL_OVERRIDES_NO_STORE',
  'AUTHORIZATION_NOT_IN_KEY',
  'COOKIES_NOT_IN_KEY',
  'ORIGIN_IN_THE_CLEAR',
  'KEY_REVOKED',
] as const;

export type WarningCode = (typeof WARNING_CODES)[number];

/** `default` is made at start and cannot be deleted: it serves films. */
export const FILM_DISTRIBUTION = 'default';
/** The id of its origin. */
export const FILM_ORIGIN = 'films';
