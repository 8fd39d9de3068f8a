import type { KeyObject } from 'node:crypto';
import { type DerivedKey, derivedKeyOf } from '../../kernel/access/derive.ts';
import type { TokenKey } from '../../kernel/access/jwks.ts';
import { parsePublicKey } from '../../kernel/access/key-pair.ts';
import type { KeyLookup } from '../../kernel/access/proof.ts';
import { isKeysSection } from '../../kernel/edge-feed/keys-section.ts';
import { Fault } from '../../kernel/errors.ts';
import type { StateTaker } from './section.ts';

/** The keys that count, whose pages may send cookies, and what the edges of a fleet share. */
export class EdgeKeys implements KeyLookup, StateTaker {
  readonly name = 'keys';
  #keys: ReadonlyMap<string, KeyObject> = new Map();
  #groupKeys: ReadonlyMap<string, ReadonlyMap<string, KeyObject>> = new Map();
  #credentialOrigins: ReadonlySet<string> = new Set();
  #revoked: ReadonlySet<string> = new Set();
  #peerSecret: string | undefined;
  #derivedKey: DerivedKey | undefined;

  find(keyPairId: string): KeyObject | undefined {
    return this.#keys.get(keyPairId);
  }

  /** An identity provider's key, by the name that it has there; of no other group than the one that is named. */
  findGroupKey(groupId: string, kid: string): KeyObject | undefined {
    return this.#groupKeys.get(groupId)?.get(kid);
  }

  get peerSecret(): string | undefined {
    return this.#peerSecret;
  }

  get derivedKey(): DerivedKey | undefined {
    return this.#derivedKey;
  }

  isRevoked(edgeId: string): boolean {
    return this.#revoked.has(edgeId);
  }

  get takesCredentials(): boolean {
    return this.#credentialOrigins.size > 0;
  }

  mayBringCredentials(webOrigin: string): boolean {
    return this.#credentialOrigins.has(webOrigin);
  }

  check(value: unknown): () => void {
    if (!isKeysSection(value)) throw new Fault('ORIGIN_INVALID', { detail: { of: 'keys' } });
    // A key that cannot be read refuses all of it.
    const keys = new Map(value.keys.map((key) => [key.keyPairId, parsePublicKey(key.publicKeyPem)]));
    const groupKeys = new Map(Object.entries(value.groupKeys).map(([id, group]) => [id, parseGroup(group)]));
    const { derivedSecret, peerSecret, revoked } = value.fleet;
    return () => {
      this.#keys = keys;
      this.#groupKeys = groupKeys;
      this.#credentialOrigins = new Set(value.credentialOrigins);
      this.#revoked = new Set(revoked);
      this.#peerSecret = peerSecret;
      this.#derivedKey = derivedKeyOf(derivedSecret);
    };
  }
}

function parseGroup(group: readonly TokenKey[]): ReadonlyMap<string, KeyObject> {
  return new Map(group.map(({ kid, publicKeyPem }) => [kid, parsePublicKey(publicKeyPem)]));
}
