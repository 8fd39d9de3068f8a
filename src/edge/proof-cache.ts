import { LRUCache } from 'lru-cache';
import type { Credential } from '../kernel/access/credential.ts';
import type { Proof } from '../kernel/access/proof.ts';
import type { Refusal } from '../kernel/access/refusal.ts';
import { proofKey } from '../kernel/access/verify.ts';

/** Proofs are kept for the viewers of an hour or so; each is a few hundred bytes. */
const MAX_PROOFS = 20_000;
/** Longer credentials are checked but not kept, so that nobody fills memory with keys. */
const MAX_PROOF_KEY_LENGTH = 4_096;

/**
 * Signatures that have been checked, of all behaviours together. Whose keys count where is no part of a proof: that is asked
 * anew each time.
 */
export class ProofCache {
  readonly #proofs = new LRUCache<string, Proof>({ max: MAX_PROOFS });
  /** Of credentials whose proof does not depend on what is asked for; the same cookies are the same object. */
  readonly #ofCredential = new WeakMap<Credential, Proof>();

  /** What is known, or else what `check` finds out. */
  find(credential: Credential, url: string, check: () => Proof | Refusal): Proof | Refusal {
    const own = this.#ofCredential.get(credential);
    if (own) return own;
    const proof = this.#byText(credential, url, check);
    if (!('granted' in proof) && proof.covers.kind !== 'url') this.#ofCredential.set(credential, proof);
    return proof;
  }

  #byText(credential: Credential, url: string, check: () => Proof | Refusal): Proof | Refusal {
    const key = proofKey(credential, url);
    const known = this.#proofs.get(key);
    if (known) return known;
    const proof = check();
    if (!('granted' in proof) && key.length <= MAX_PROOF_KEY_LENGTH) this.#proofs.set(key, proof);
    return proof;
  }
}
