import { type KeyObject, verify } from 'node:crypto';
import { cannedPolicy, decodeUrlSafe, type SigningValues } from './canonical.ts';
import type { Credential, SignedCredential } from './credential.ts';
import type { DerivedKey } from './derive.ts';
import { policyGrantId } from './grant-id.ts';
import { parsePolicy } from './policy.ts';
import { type Asked, checkConditions, type KeyLookup, type Proof, type Terms, type Verdict } from './proof.ts';
import { type Refusal, refuse } from './refusal.ts';
import { parseCookieResource, parseUrlResource } from './resource.ts';
import { proveToken } from './token.ts';

/** Whether the viewer may see what is asked for: signature, then conditions. Never throws, whatever was sent. */
export function verifyGrant(credential: Credential, asked: Asked, keys: KeyLookup, derivedKey?: DerivedKey): Verdict {
  const proof = checkSignature(credential, asked.url, keys, derivedKey);
  return 'granted' in proof ? proof : checkConditions(proof, asked, keys);
}

/**
 * The costly half, in CloudFront's order: key id, key, expiry or policy, signature's form, signature.
 * A proof holds for every request with the same `proofKey`, as long as `checkConditions` is asked each time.
 */
export function checkSignature(
  credential: Credential,
  url: string,
  keys: KeyLookup,
  derivedKey?: DerivedKey,
): Proof | Refusal {
  if (credential.carrier === 'none') return refuse('credential-missing');
  if ('token' in credential) return proveToken(credential, keys, derivedKey);
  return proveSigned(credential, url, keys);
}

/** What a proof may be kept under: everything its signature check depends on. The URL counts for canned policies only. */
export function proofKey(credential: Credential, url: string): string {
  if (credential.carrier === 'none') return '';
  if ('token' in credential) return `${credential.carrier} ${credential.token}`;
  const { Policy, Expires, Signature, 'Key-Pair-Id': keyPairId, 'Hash-Algorithm': hash } = credential.values;
  const subject = Policy === undefined ? `${Expires} ${url}` : `policy ${Policy}`;
  return `${credential.carrier} ${keyPairId} ${hash} ${Signature} ${subject}`;
}

function proveSigned(credential: SignedCredential, url: string, keys: KeyLookup): Proof | Refusal {
  const { values } = credential;
  const keyPairId = values['Key-Pair-Id'];
  if (!keyPairId) return refuse('key-id-missing');
  const key = keys.find(keyPairId);
  if (!key) return refuse('key-unknown');
  const statement =
    values.Policy === undefined ? readCanned(values.Expires, url) : readCustom(credential, values.Policy);
  if ('granted' in statement) return statement;
  const problem = checkBytes(statement.signed, values, key);
  if (problem) return problem;
  const { fromSeconds, untilSeconds, ip, covers } = statement;
  const id = policyGrantId(keyPairId, statement.signed);
  return { carrier: credential.carrier, id, keyPairId, key, derived: false, fromSeconds, untilSeconds, ip, covers };
}

/** The terms of a signed URL or signed cookies, which nobody has vouched for yet. */
export interface Statement extends Terms {
  /** The bytes that the signature is over. */
  readonly signed: string | Buffer;
}

/** A policy is the custom one when both it and `Expires` are there. */
export function readStatement(credential: SignedCredential, url: string): Statement | Refusal {
  const { Policy, Expires } = credential.values;
  return Policy === undefined ? readCanned(Expires, url) : readCustom(credential, Policy);
}

/** The largest second CloudFront accepts. */
const MAX_EXPIRES = 9_223_372_036_854_775_807n;

function readCanned(expires: string | undefined, url: string): Statement | Refusal {
  if (expires === undefined) return refuse('expiry-missing');
  if (!/^\d{1,19}$/.test(expires) || BigInt(expires) > MAX_EXPIRES) return refuse('expiry-malformed');
  const signed = cannedPolicy(url, expires);
  return { signed, fromSeconds: 0, untilSeconds: Number(expires), ip: undefined, covers: { kind: 'url', url } };
}

function readCustom(credential: SignedCredential, encoded: string): Statement | Refusal {
  const signed = decodeUrlSafe(encoded);
  if (!signed) return refuse('policy-encoding');
  const reading = parsePolicy(signed.toString('utf8'));
  if (!reading.ok) return refuse(reading.why);
  const { resource, lessThanSeconds, greaterThanSeconds, sourceIp } = reading.policy;
  const pattern = credential.carrier === 'url' ? parseUrlResource(resource) : parseCookieResource(resource);
  const fromSeconds = greaterThanSeconds === undefined ? 0 : greaterThanSeconds + 1;
  return { signed, fromSeconds, untilSeconds: lessThanSeconds, ip: sourceIp, covers: { kind: 'resource', pattern } };
}

const DIGESTS: Readonly<Record<string, string>> = { SHA1: 'sha1', SHA256: 'sha256' };

function checkBytes(signed: string | Buffer, values: SigningValues, key: KeyObject): Refusal | undefined {
  const digest = DIGESTS[values['Hash-Algorithm'] ?? 'SHA1'];
  if (!digest) return refuse('hash-unknown');
  if (!values.Signature) return refuse('signature-missing');
  const signature = decodeUrlSafe(values.Signature);
  if (!signature) return refuse('signature-encoding');
  const bytes = typeof signed === 'string' ? Buffer.from(signed) : signed;
  return verify(digest, bytes, key, signature) ? undefined : refuse('signature-wrong');
}
