import { readPolicyForm } from '../kernel/access/policy-form.ts';
import { REASONS } from '../kernel/access/refusal.ts';
import { ipRangeText } from '../kernel/ip-text.ts';
import { SignError } from './sign-error.ts';

/** How long and from where a grant is good. An end is needed: `expiresIn` or `expiresAt`. */
export interface Terms {
  /** Seconds from now. */
  readonly expiresIn?: number;
  readonly expiresAt?: Date;
  /** When it begins; at once without it. */
  readonly startsAt?: Date;
  /** The only viewers it is good for: an address, or a block such as `203.0.113.0/24`. */
  readonly ip?: string;
}

/** The digest of a signature. SHA1 is what every CloudFront signer uses unless it is told otherwise. */
export type Hash = 'SHA1' | 'SHA256';

/** A policy in CloudFront's own words, for terms that the others do not express. */
export interface CustomPolicy {
  readonly Statement: readonly [
    {
      readonly Resource?: string;
      readonly Condition: {
        readonly DateLessThan: { readonly 'AWS:EpochTime': number };
        readonly DateGreaterThan?: { readonly 'AWS:EpochTime': number };
        readonly IpAddress?: { readonly 'AWS:SourceIp': string };
      };
    },
  ];
}

/** Terms as the kernel takes them. */
export interface Limits {
  readonly expiresAtMs: number;
  readonly startsAtMs?: number;
  readonly ip?: string;
}

/** A span of seconds that is longer is a moment given for a span: epoch seconds are 55 years and more. */
const LONGEST_SECONDS = 20 * 365 * 86_400;

const TERMS = ['expiresIn', 'expiresAt', 'startsAt', 'ip'] as const;

/** @throws SignError TERMS_INVALID naming the term */
export function readTerms(terms: Terms): Limits {
  const expiresAtMs = readEnd(terms);
  const startsAtMs = terms.startsAt === undefined ? undefined : readDate(terms.startsAt, 'startsAt');
  if (startsAtMs !== undefined && startsAtMs >= expiresAtMs) throw invalid('startsAt must lie before the end.');
  return {
    expiresAtMs,
    ...(startsAtMs === undefined ? {} : { startsAtMs }),
    ...(terms.ip === undefined ? {} : { ip: readIp(terms.ip) }),
  };
}

/** The text of a custom policy that stands for all other terms. @throws SignError TERMS_INVALID */
export function readPolicy(policy: string | CustomPolicy, others: Terms & { readonly resource?: string }): string {
  const other = [...TERMS, 'resource' as const].find((name) => others[name] !== undefined);
  if (other) throw invalid(`policy stands for all terms: ${other} does not go with it.`);
  const text = typeof policy === 'string' ? policy : JSON.stringify(policy);
  const reading = readPolicyForm(text);
  if (!reading.ok) throw invalid(`policy: ${REASONS[reading.why].says}`);
  const { sourceIp } = reading.policy;
  if (sourceIp !== undefined && ipRangeText(sourceIp) === undefined)
    throw invalid(`policy: ${REASONS['policy-address'].says}`);
  // Without the white space of a file: what is signed travels in the URL.
  return JSON.stringify(JSON.parse(text));
}

export function readHash(hash: Hash | undefined): Hash | undefined {
  if (hash === undefined || hash === 'SHA1' || hash === 'SHA256') return hash;
  throw invalid('hash must be SHA1 or SHA256.');
}

/** @throws SignError for a name that means nothing here: a misspelt `ip` would let everybody in. */
export function refuseUnknown(terms: object, known: readonly string[]): void {
  const unknown = Object.keys(terms).find((name) => !known.includes(name));
  if (unknown) throw invalid(`${unknown} is no term; there are ${known.join(', ')}.`);
}

function readEnd({ expiresIn, expiresAt }: Terms): number {
  if (expiresIn !== undefined && expiresAt !== undefined)
    throw invalid('expiresIn and expiresAt do not go together: give one.');
  if (expiresAt !== undefined) return readDate(expiresAt, 'expiresAt');
  if (expiresIn === undefined) throw invalid('An end is missing: give expiresIn (seconds) or expiresAt (a Date).');
  if (typeof expiresIn !== 'number' || !(expiresIn > 0) || expiresIn > LONGEST_SECONDS)
    throw invalid('expiresIn must be seconds from now, up to 20 years; for a moment use expiresAt.');
  return Date.now() + expiresIn * 1000;
}

function readDate(date: Date, name: string): number {
  const ms = date instanceof Date ? date.getTime() : Number.NaN;
  if (Number.isNaN(ms) || ms < 0) throw invalid(`${name} must be a Date, and a valid one.`);
  return ms;
}

function readIp(ip: string): string {
  if (typeof ip === 'string' && ipRangeText(ip) !== undefined) return ip;
  throw invalid('ip must be an address, or a CIDR block such as 203.0.113.0/24.');
}

function invalid(says: string): SignError {
  return new SignError('TERMS_INVALID', says);
}
