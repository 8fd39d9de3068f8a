import { type KeyObject, sign } from 'node:crypto';
import { Fault } from '../errors.ts';
import { ipRangeText } from '../ip-text.ts';
import { cannedPolicy, encodeUrlSafe, joinTarget, splitQuery, splitTarget } from './canonical.ts';

export type Hash = 'SHA1' | 'SHA256';

/** Terms of a signed URL or of signed cookies, in the words of CloudFront's own signers. */
export interface SignRequest {
  /** The URL that is signed, or that cookies are for; cookies usually take one with wildcards. */
  readonly url: string;
  readonly keyPairId: string;
  readonly privateKey: KeyObject;
  readonly expiresAtMs: number;
  /** With a start, an address or a wildcard `resource` the policy is a custom one. */
  readonly startsAtMs?: number;
  readonly ip?: string;
  /** What a custom policy covers, when that is not the URL itself. */
  readonly resource?: string;
  /** A finished policy, signed as it stands; the other terms are then ignored. */
  readonly policy?: string;
  readonly hash?: Hash;
}

/**
 * The URL with its signature, parameters in the order of Amazon's signer.
 * @throws Fault INVALID_REQUEST for a URL that is not http(s) or already signed, or an address that is none
 */
export function signUrl(request: SignRequest): string {
  const url = signableUrl(request.url);
  const { terms, signature } = signTerms(request, url);
  const hash = request.hash === 'SHA256' ? '&Hash-Algorithm=SHA256' : '';
  const joint = url.includes('?') ? '&' : '?';
  return `${url}${joint}${terms.name}=${terms.value}&Key-Pair-Id=${request.keyPairId}&Signature=${signature}${hash}`;
}

/** Name and value of each cookie: `CloudFront-Policy` or `CloudFront-Expires`, `-Signature`, `-Key-Pair-Id`. */
export function signCookies(request: SignRequest): Record<string, string> {
  const url = signableUrl(request.url);
  // A canned policy takes `*` for itself: cookies for many files need a custom one.
  const resource = request.resource ?? (url.includes('*') ? url : undefined);
  const { terms, signature } = signTerms(resource === undefined ? request : { ...request, resource }, url);
  return {
    [`CloudFront-${terms.name}`]: terms.value,
    'CloudFront-Signature': signature,
    'CloudFront-Key-Pair-Id': request.keyPairId,
    ...(request.hash === 'SHA256' ? { 'CloudFront-Hash-Algorithm': 'SHA256' } : {}),
  };
}

/** The policy of a request in the member order of Amazon's signer. */
export function writePolicy(request: Pick<SignRequest, 'expiresAtMs' | 'startsAtMs' | 'ip'>, resource: string): string {
  const range = request.ip === undefined ? undefined : ipRangeText(request.ip);
  if (request.ip !== undefined && !range) throw invalid('The address must be an IP address or a CIDR block.');
  const Condition = {
    DateLessThan: { 'AWS:EpochTime': seconds(request.expiresAtMs) },
    ...(request.startsAtMs === undefined ? {} : { DateGreaterThan: { 'AWS:EpochTime': seconds(request.startsAtMs) } }),
    ...(range ? { IpAddress: { 'AWS:SourceIp': range } } : {}),
  };
  return JSON.stringify({ Statement: [{ Resource: resource, Condition }] });
}

function signTerms(request: SignRequest, url: string): { terms: { name: string; value: string }; signature: string } {
  const policy = customPolicy(request, url);
  const expires = String(seconds(request.expiresAtMs));
  const text = policy ?? cannedPolicy(url, expires);
  const digest = request.hash === 'SHA256' ? 'sha256' : 'sha1';
  const signature = encodeUrlSafe(sign(digest, Buffer.from(text), request.privateKey));
  const terms = policy ? { name: 'Policy', value: encodeUrlSafe(policy) } : { name: 'Expires', value: expires };
  return { terms, signature };
}

function customPolicy(request: SignRequest, url: string): string | undefined {
  if (request.policy !== undefined) return request.policy;
  const { startsAtMs, ip, resource } = request;
  const custom = startsAtMs !== undefined || ip !== undefined || resource !== undefined;
  return custom ? writePolicy(request, resource ?? url) : undefined;
}

/** The URL as browsers will send it: no fragment, characters that no URL may hold percent-encoded, a query or none. */
function signableUrl(url: string): string {
  const [whole = ''] = url.toWellFormed().split('#');
  if (!/^https?:\/\/[^/?]+/.test(whole)) throw invalid('Only an http or https URL can be signed.');
  const { path, query } = splitTarget(whole.replace(/[^!$%&'()*+,\-./0-9:;=?@A-Z[\]_a-z~]/gu, encodeURIComponent));
  const { signing, token } = splitQuery(query);
  if (signing || token !== undefined) throw invalid('The URL already carries a signature or a token.');
  return joinTarget(path, query);
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}

function invalid(says: string): Fault {
  return new Fault('INVALID_REQUEST', { says });
}
