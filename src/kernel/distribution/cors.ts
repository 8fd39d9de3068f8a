import { type FieldList, fieldOf, withoutFields } from '../http/fields.ts';
import { compileOrigins } from './cors-origins.ts';
import type { CorsConfig } from './model.ts';

/** What a browser tells about the page that asks. */
export interface PageRequest {
  /** The value of `Origin`. */
  readonly origin: string | undefined;
  /** Whether it asks leave for a request to come. */
  readonly isPreflight: boolean;
  /** The value of `Access-Control-Request-Headers`. */
  readonly requestedHeaders?: string | undefined;
}

const METHODS = 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT';

/**
 * Lets pages read answers. With `originOverride` the policy's word stands and the origin's on the same matters is taken
 * away, also for pages that the policy does not name; without it, an origin that says anything about pages is left alone.
 */
export function compileCors(config: CorsConfig): (fields: FieldList, page: PageRequest) => FieldList {
  const fits = compileOrigins(config.accessControlAllowOrigins);
  const isOpen = config.accessControlAllowOrigins.includes('*') && !config.accessControlAllowCredentials;
  const constant = constantFields(config);
  const allowedHeaders = compileAllowedHeaders(config);
  const defined = definedNames(config);
  return (fields, { origin, isPreflight, requestedHeaders }) => {
    if (!config.originOverride && speaksOfPages(fields)) return fields;
    const others = config.originOverride ? withoutFields(fields, defined) : [...fields];
    if (!isOpen) addVary(others);
    const allowed = isOpen ? '*' : allowedOrigin(origin, fits, config.accessControlAllowCredentials);
    if (allowed === undefined) return others;
    others.push('Access-Control-Allow-Origin', allowed, ...constant.always);
    if (!isPreflight) return others;
    const headers = allowedHeaders(requestedHeaders);
    if (headers !== '') others.push('Access-Control-Allow-Headers', headers);
    others.push(...constant.preflight);
    return others;
  };
}

/** A page without an origin of its own is anybody's: it is not let in with another's cookies. */
function allowedOrigin(
  origin: string | undefined,
  fits: (origin: string) => boolean,
  withCredentials: boolean,
): string | undefined {
  if (origin === undefined || (withCredentials && origin === 'null')) return undefined;
  return fits(origin) ? origin : undefined;
}

function constantFields(config: CorsConfig): { always: readonly string[]; preflight: readonly string[] } {
  const { accessControlAllowMethods: methods, accessControlMaxAgeSec: seconds } = config;
  const always: string[] = [];
  const preflight: string[] = [];
  if (config.accessControlAllowCredentials) always.push('Access-Control-Allow-Credentials', 'true');
  if (config.accessControlExposeHeaders.length > 0)
    always.push('Access-Control-Expose-Headers', config.accessControlExposeHeaders.join(', '));
  if (methods.length > 0)
    preflight.push('Access-Control-Allow-Methods', methods.includes('ALL') ? METHODS : methods.join(', '));
  if (seconds !== undefined) preflight.push('Access-Control-Max-Age', String(seconds));
  return { always, preflight };
}

/** About these the policy says something; of origins and credentials it always does. */
function definedNames(config: CorsConfig): ReadonlySet<string> {
  const names = new Set(['access-control-allow-origin', 'access-control-allow-credentials']);
  if (config.accessControlExposeHeaders.length > 0) names.add('access-control-expose-headers');
  if (config.accessControlAllowMethods.length > 0) names.add('access-control-allow-methods');
  if (config.accessControlAllowHeaders.length > 0) names.add('access-control-allow-headers');
  if (config.accessControlMaxAgeSec !== undefined) names.add('access-control-max-age');
  return names;
}

/**
 * Browsers know whole names, and `*` where no credentials are. All other wildcards are answered with those of the
 * requested names that fit. `*` never means `Authorization`. Fetch standard, section 3.3.4.
 */
function compileAllowedHeaders(config: CorsConfig): (requested: string | undefined) => string {
  const names = config.accessControlAllowHeaders.map((name) => name.toLowerCase());
  const literal = names.filter((name) => !name.includes('*'));
  const isAll = names.includes('*');
  const told = isAll && !config.accessControlAllowCredentials ? ['*', ...literal] : literal;
  const wild = names.filter((name) => name.includes('*') && name !== '*').map(wildcardExpression);
  const fits = (name: string) =>
    wild.some((expression) => expression.test(name)) ||
    (isAll && config.accessControlAllowCredentials && name !== 'authorization');
  return (requested) => {
    const asked = (requested ?? '').split(',').map((name) => name.trim().toLowerCase());
    const fitting = asked.filter((name) => NAME.test(name) && !told.includes(name) && fits(name));
    return [...told, ...new Set(fitting)].join(', ');
  };
}

const NAME = /^[\w!#$%&'*+.^`|~-]{1,128}$/;

function wildcardExpression(name: string): RegExp {
  const literals = name.split(/\*+/).map((part) => part.replace(/[.+^$|]/g, '\\$&'));
  return new RegExp(`^${literals.join('.*')}$`);
}

function speaksOfPages(fields: FieldList): boolean {
  for (let at = 0; at < fields.length; at += 2)
    if (fields[at]?.toLowerCase().startsWith('access-control-')) return true;
  return false;
}

/** Another page gets another answer, also where this one gets none. */
function addVary(fields: string[]): void {
  const names = fieldOf(fields, 'vary')?.toLowerCase().split(',') ?? [];
  if (!names.some((name) => ['origin', '*'].includes(name.trim()))) fields.push('Vary', 'Origin');
}
