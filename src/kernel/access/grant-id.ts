import { createHash } from 'node:crypto';

/**
 * What names a grant, whatever it is used for and by which carrier it comes: a digest over what was signed and the key's id.
 * Not over the signature: of an ECDSA signature anybody can make another one that fits as well.
 */
export type GrantId = string;

/** A grant by a policy, canned or custom, as a URL or as cookies. */
export function policyGrantId(keyPairId: string, policy: string | Buffer): GrantId {
  return digestOf('policy', keyPairId, policy);
}

/** A grant by a token: that of its id, where its issuer gave it one. */
export function tokenGrantId(keyPairId: string, token: string, jti: unknown): GrantId {
  if (typeof jti === 'string' && jti !== '') return jtiGrantId(keyPairId, jti);
  return digestOf('token', keyPairId, token.slice(0, token.lastIndexOf('.')));
}

export function jtiGrantId(keyPairId: string, jti: string): GrantId {
  return digestOf('jti', keyPairId, jti);
}

/** 132 bits: nobody finds another text with the same. */
function digestOf(kind: string, keyPairId: string, signed: string | Buffer): GrantId {
  return createHash('sha256').update(`${kind}\n${keyPairId}\n`).update(signed).digest('base64url').slice(0, 22);
}
