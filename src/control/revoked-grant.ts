import { SIGNING_PARAMETERS, splitTarget } from '../kernel/access/canonical.ts';
import { type Credential, readCredential } from '../kernel/access/credential.ts';
import type { DerivedKey } from '../kernel/access/derive.ts';
import { type GrantId, jtiGrantId } from '../kernel/access/grant-id.ts';
import type { KeyLookup, Proof } from '../kernel/access/proof.ts';
import { REASONS, type Refusal, refuse } from '../kernel/access/refusal.ts';
import { checkSignature } from '../kernel/access/verify.ts';
import { Fault } from '../kernel/errors.ts';

/** What somebody has of a grant that is to count no more: one of these. */
export interface GivenGrant {
  /** A signed URL, or one with a token in it, be it of a channel. */
  readonly url?: string;
  readonly cookies?: Readonly<Record<string, string>>;
  readonly token?: string;
  /** A token's id, for whoever has not kept the token. */
  readonly jti?: string;
  readonly keyPairId?: string;
  readonly expiresAt?: string;
}

export interface RevokedGrant {
  readonly grantId: GrantId;
  readonly keyPairId: string;
  readonly expiresAtMs: number;
}

/** A policy may name a time beyond what a date can say. */
const MAX_TIME_MS = 253_402_300_799_000;

/** Which grant is meant. @throws Fault INVALID_REQUEST for none, or for one that no key here has signed */
export function identifyGrant(given: GivenGrant, keys: readonly KeyLookup[], derivedKey: DerivedKey): RevokedGrant {
  const carriers = [given.url, given.cookies, given.token, given.jti].filter((each) => each !== undefined);
  if (carriers.length !== 1) throw wrong('body must have one of url, cookies, token and jti.');
  if (given.jti !== undefined) return byJti(given, given.jti);
  const { credential, url } = presented(given);
  const tried = keys.map((some) => checkSignature(credential, url, some, derivedKey));
  const proof = tried.find((each) => !('granted' in each)) ?? mostTelling(tried);
  if ('granted' in proof) throw wrong(`This is no grant that an edge would accept: ${REASONS[proof.why].says}`);
  if (proof.id === '') throw wrong('This token was made by an older edge, and does not say of which grant.');
  const expiresAtMs = Math.min(proof.untilSeconds * 1000, MAX_TIME_MS);
  return { grantId: proof.id, keyPairId: proof.keyPairId, expiresAtMs };
}

/** Those who do not know the key have nothing to say about the rest. */
function mostTelling(refusals: readonly (Proof | Refusal)[]): Proof | Refusal {
  const unknown = refuse('key-unknown');
  return refusals.find((each) => 'why' in each && each.why !== unknown.why) ?? unknown;
}

function byJti({ keyPairId, expiresAt }: GivenGrant, jti: string): RevokedGrant {
  if (keyPairId === undefined || expiresAt === undefined)
    throw wrong('body.jti needs body.keyPairId, and body.expiresAt for when the token is over.');
  return { grantId: jtiGrantId(keyPairId, jti), keyPairId, expiresAtMs: Date.parse(expiresAt) };
}

function presented({ url, cookies, token }: GivenGrant): { credential: Credential; url: string } {
  if (token !== undefined) return { credential: { carrier: 'token-query', token }, url: '' };
  if (cookies) return { credential: ofCookies(cookies), url: '' };
  // A WebSocket begins as a request of HTTP, and edges judge it as one.
  const ofHttp = url?.replace(/^ws/i, 'http') ?? '';
  const [, origin = '', target = ''] = /^(https?:\/\/[^/?#]+)(\/.*)?$/i.exec(ofHttp) ?? [];
  if (origin === '') throw wrong('body.url must be an http, https, ws or wss URL.');
  const { credential, path, query } = readCredential({ target: target || '/' });
  if (credential.carrier === 'none') throw wrong('body.url carries neither a signature nor a token.');
  const { path: bare } = splitTarget(path);
  return { credential, url: `${origin}${bare}${query === '' ? '' : `?${query}`}` };
}

/** With or without the prefix that they have as cookies. */
function ofCookies(cookies: Readonly<Record<string, string>>): Credential {
  const values = SIGNING_PARAMETERS.map((name) => [name, cookies[`CloudFront-${name}`] ?? cookies[name]]);
  return { carrier: 'cookies', values: Object.fromEntries(values.filter(([, value]) => value !== undefined)) };
}

function wrong(says: string): Fault {
  return new Fault('INVALID_REQUEST', { says });
}
