import type { KeyObject } from 'node:crypto';
import { type IpRange, inIpRange } from '../address.ts';
import type { Carrier } from './credential.ts';
import type { GrantId } from './grant-id.ts';
import { type Reason, type Refusal, refuse } from './refusal.ts';
import { coversUrl, type ResourcePattern } from './resource.ts';

/** The registered keys. What is revoked is not found. */
export interface KeyLookup {
  /** The public key of this id, or undefined. Parsed beforehand, best the same object each time. Never throws. */
  find(keyPairId: string): KeyObject | undefined;
  /** A key that tokens alone may be signed with, and that is nobody's registered one. */
  findTokenKey?(kid: string): KeyObject | undefined;
}

/** The request that a grant is wanted for. */
export interface Asked {
  /** As the viewer used it: scheme, host, bare path and own query. */
  readonly url: string;
  /** The bare path of that URL. */
  readonly path: string;
  /** The address of the TCP peer. */
  readonly ip: string;
  readonly nowMs: number;
}

/**
 * A credential whose signature has been checked. That is the costly half and does not depend on the time or the
 * viewer, so an edge may keep a proof and ask only for its conditions on each request.
 */
export interface Proof {
  readonly carrier: Carrier;
  /** Of the grant; for a derived token of the one it stems from. */
  readonly id: GrantId;
  /** The key that signed; for a derived token the key of the grant it stems from. */
  readonly keyPairId: string;
  readonly key: KeyObject;
  /** Minted by an edge for the children of a signed playlist. */
  readonly derived: boolean;
  /** First second of access. */
  readonly fromSeconds: number;
  /** First second without access. */
  readonly untilSeconds: number;
  readonly ip: IpRange | undefined;
  readonly covers: Coverage;
}

export type Coverage =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'resource'; readonly pattern: ResourcePattern }
  | { readonly kind: 'paths'; readonly paths: readonly string[] };

/** Leave to see one resource, as the rest of the edge knows it. */
export interface Grant {
  readonly carrier: Carrier;
  readonly id: GrantId;
  readonly keyPairId: string;
  readonly derived: boolean;
  readonly expiresAtMs: number;
  /** The range that the viewer's address must lie in, with its mask. */
  readonly ip?: string;
}

export interface Granted {
  readonly granted: true;
  readonly grant: Grant;
}

export type Verdict = Granted | Refusal;

/** The part of a proof that a request is held against. */
export type Terms = Pick<Proof, 'fromSeconds' | 'untilSeconds' | 'ip' | 'covers'>;

interface Condition {
  /** The reason when it does not hold. */
  readonly why: Reason;
  readonly holds: (terms: Terms, asked: Asked) => boolean;
}

/** In the order in which they are asked. */
export const CONDITIONS: readonly Condition[] = [
  { why: 'path-unsafe', holds: (_, asked) => isClearPath(asked.path) },
  { why: 'not-yet', holds: (terms, asked) => Math.floor(asked.nowMs / 1000) >= terms.fromSeconds },
  { why: 'expired', holds: (terms, asked) => Math.floor(asked.nowMs / 1000) < terms.untilSeconds },
  { why: 'address-outside', holds: (terms, asked) => !terms.ip || inIpRange(asked.ip, terms.ip) },
  { why: 'resource-outside', holds: (terms, asked) => covers(terms.covers, asked) },
];

/** Grants that count no more, though their keys do. */
export interface RevokedGrants {
  has(id: GrantId): boolean;
}

/** The cheap half: key still registered, not revoked, then path, time, address and resource. */
export function checkConditions(proof: Proof, asked: Asked, keys: KeyLookup, revoked?: RevokedGrants): Verdict {
  if (!isSameKey(findKey(keys, proof.keyPairId), proof.key)) return refuse('key-unknown');
  if (revoked?.has(proof.id)) return refuse('revoked');
  const failed = CONDITIONS.find((condition) => !condition.holds(proof, asked));
  return failed ? refuse(failed.why) : { granted: true, grant: grantOf(proof) };
}

/** The key of a token's `kid`: a registered one, or else an identity provider's. */
export function findKey(keys: KeyLookup, kid: string): KeyObject | undefined {
  return keys.find(kid) ?? keys.findTokenKey?.(kid);
}

/** Keys read afresh from a new configuration are other objects with the same content. */
function isSameKey(found: KeyObject | undefined, key: KeyObject): boolean {
  return found === key || (found?.equals(key) ?? false);
}

function covers(coverage: Coverage, asked: Asked): boolean {
  if (coverage.kind === 'url') return coverage.url === asked.url;
  if (coverage.kind === 'resource') return coversUrl(coverage.pattern, asked.url);
  return coverage.paths.some((pattern) => coversPath(pattern, asked.path));
}

/**
 * False for a path with `.` or `..` segments however they are spelt: whoever resolves them later would serve something
 * that the grant was not matched against.
 */
export function isClearPath(path: string): boolean {
  // Nearly every path: a dot begins no segment, and nothing is spelt otherwise than it is.
  if (path.startsWith('/') && !path.includes('/.') && !path.includes('\\') && !path.includes('%')) return true;
  const dots = path.replace(/%2e/gi, '.');
  // What stands behind a `;` is no part of a segment's name to some servers.
  return !dots.split(/\/|\\|%2f|%5c/i).some((segment) => /^\.{1,2}(?:;|%3b|$)/i.test(segment));
}

/** A token's path claim: exact, or everything that begins with what stands before a trailing `*`. */
function coversPath(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

function grantOf({ carrier, id, keyPairId, derived, untilSeconds, ip }: Proof): Grant {
  return { carrier, id, keyPairId, derived, expiresAtMs: untilSeconds * 1000, ...(ip ? { ip: ip.text } : {}) };
}
