import { type Glob, matchesGlob, parseGlob } from './glob.ts';

/**
 * Which URLs a custom policy covers. For signed URLs the pattern falls into sections (protocol, domain, path, query)
 * and a wildcard stays inside its own; for cookies it runs over the whole URL.
 */
export type ResourcePattern =
  | { readonly kind: 'everything' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'whole'; readonly glob: Glob }
  | { readonly kind: 'sections'; readonly protocol: Glob; readonly domain: Glob; readonly rests: readonly Rest[] };

/** One reading of what follows the domain. */
interface Rest {
  readonly path: Glob;
  /** `any`: with or without a query. `none`: only without. */
  readonly query: Glob | 'any' | 'none';
}

/** A policy's `Resource` as a signed URL may carry it; leaving it out covers everything. */
export function parseUrlResource(resource: string | undefined): ResourcePattern {
  if (resource === undefined || resource === '*') return { kind: 'everything' };
  const parts = splitResource(resource);
  if (!parts) return { kind: 'nothing' };
  const { protocol, domain, rest } = parts;
  const rests: Rest[] =
    rest === '' && domain.endsWith('*') ? [{ path: parseGlob('*'), query: 'any' }] : readRests(rest);
  return { kind: 'sections', protocol: parseGlob(protocol), domain: parseGlob(domain.toLowerCase()), rests };
}

/** A policy's `Resource` as signed cookies may carry it: an http or https URL, wildcards anywhere. */
export function parseCookieResource(resource: string | undefined): ResourcePattern {
  if (resource === undefined || !/^https?:\/\//.test(resource)) return { kind: 'nothing' };
  return { kind: 'whole', glob: parseGlob(resource) };
}

/** True when the URL, as the viewer used it and without signing parameters, is one the pattern names. */
export function coversUrl(pattern: ResourcePattern, url: string): boolean {
  if (pattern.kind === 'everything') return true;
  if (pattern.kind === 'nothing') return false;
  if (pattern.kind === 'whole') return matchesGlob(pattern.glob, url);
  const parts = /^([^:/]+):\/\/([^/?]*)([^?]*)(?:\?(.*))?$/s.exec(url);
  if (!parts) return false;
  const [, protocol = '', domain = '', path = '', query] = parts;
  if (!matchesGlob(pattern.protocol, protocol) || !matchesGlob(pattern.domain, domain.toLowerCase())) return false;
  return pattern.rests.some((rest) => coversRest(rest, path === '' ? '/' : path, query));
}

function coversRest(rest: Rest, path: string, query: string | undefined): boolean {
  if (!matchesGlob(rest.path, path)) return false;
  if (rest.query === 'any') return true;
  if (rest.query === 'none' || query === undefined) return rest.query === 'none' && query === undefined;
  return matchesGlob(rest.query, query);
}

/** The protocol may be left out in front of a domain that starts with `*`. */
function splitResource(resource: string): { protocol: string; domain: string; rest: string } | undefined {
  const full = resource.startsWith('*') && !resource.includes('://') ? `*://${resource}` : resource;
  const parts = /^(https?|http\*|\*):\/\/([^/]*)(.*)$/s.exec(full);
  if (!parts) return undefined;
  const [, protocol = '', domain = '', rest = ''] = parts;
  return { protocol, domain, rest };
}

/**
 * Every way to read path and query. A `\?` is the delimiter and settles it; a bare `?` may be the delimiter (what
 * CloudFront documents since 2026) or one character (what it documented before), so each is tried.
 */
function readRests(rest: string): Rest[] {
  const escaped = rest.indexOf('\\?');
  if (escaped !== -1) return [split(rest, escaped, 2)];
  const whole: Rest = { path: parseGlob(rest === '' ? '/' : rest), query: rest.endsWith('*') ? 'any' : 'none' };
  const marks = [...rest.matchAll(/\?/g)].map((match) => match.index);
  return [whole, ...marks.map((mark) => split(rest, mark, 1))];
}

function split(rest: string, at: number, length: number): Rest {
  return { path: parseGlob(rest.slice(0, at)), query: parseGlob(rest.slice(at + length)) };
}
