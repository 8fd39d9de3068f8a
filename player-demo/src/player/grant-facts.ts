/**
 * What an address says about its own grant: when it starts and ends, and for which address it holds. Read for
 * explaining a refusal only; whether it is true is the edge's business, which checks the signature.
 */
export interface GrantFacts {
  readonly carrier: 'url' | 'token';
  readonly endsAtMs?: number;
  readonly startsAtMs?: number;
  readonly ip?: string;
}

/** undefined when the address carries no grant at all. */
export function readGrantFacts(address: string): GrantFacts | undefined {
  const url = parseUrl(address);
  if (!url) return undefined;
  const token = url.searchParams.get('token') ?? /^\/t\/([^/]+)\//.exec(url.pathname)?.[1];
  if (token) return readTokenFacts(token);
  const policy = url.searchParams.get('Policy');
  if (policy) return readPolicyFacts(policy);
  const expires = Number(url.searchParams.get('Expires'));
  return expires > 0 ? { carrier: 'url', endsAtMs: expires * 1000 } : undefined;
}

function readTokenFacts(token: string): GrantFacts {
  const claims = parseObject(decodeBase64(token.split('.')[1] ?? ''));
  return {
    carrier: 'token',
    ...secondsAs('endsAtMs', claims.exp),
    ...secondsAs('startsAtMs', claims.nbf),
    ...ipOf(claims.ip),
  };
}

/** A custom policy, in CloudFront's own alphabet: `-`, `_` and `~` stand for `+`, `=` and `/`. */
function readPolicyFacts(encoded: string): GrantFacts {
  const policy = parseObject(decodeBase64(encoded.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/')));
  const statements = Array.isArray(policy.Statement) ? policy.Statement : [];
  const condition = record(record(statements[0]).Condition);
  return {
    carrier: 'url',
    ...secondsAs('endsAtMs', record(condition.DateLessThan)['AWS:EpochTime']),
    ...secondsAs('startsAtMs', record(condition.DateGreaterThan)['AWS:EpochTime']),
    ...ipOf(record(condition.IpAddress)['AWS:SourceIp']),
  };
}

function secondsAs(name: 'endsAtMs' | 'startsAtMs', value: unknown): { readonly [key in typeof name]?: number } {
  return typeof value === 'number' ? { [name]: value * 1000 } : {};
}

function ipOf(value: unknown): { readonly ip?: string } {
  return typeof value === 'string' && value !== '0.0.0.0/0' ? { ip: value } : {};
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function decodeBase64(text: string): string {
  try {
    return atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return '';
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    return record(JSON.parse(text));
  } catch {
    return {};
  }
}

function parseUrl(address: string): URL | undefined {
  return URL.canParse(address) ? new URL(address) : undefined;
}

/** The poster or storyboard beside a manifest, when the same grant opens both; undefined when it may not. */
export function siblingUrl(manifestUrl: string, name: string): string | undefined {
  const url = parseUrl(manifestUrl);
  // A canned policy (`Expires`) names one file only: asking for another with it would be refused.
  if (!url?.pathname.endsWith('/master.m3u8') || url.searchParams.has('Expires')) return undefined;
  url.pathname = url.pathname.replace(/master\.m3u8$/, name);
  return url.href;
}
