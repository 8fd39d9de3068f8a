import { LRUCache } from 'lru-cache';
import { joinTarget } from '../../kernel/access/canonical.ts';
import type { Credential } from '../../kernel/access/credential.ts';
import { type Asked, checkConditions, type Proof, type Verdict } from '../../kernel/access/proof.ts';
import { checkSignature, proofKey } from '../../kernel/access/verify.ts';
import { Fault } from '../../kernel/errors.ts';
import type { AccessPolicy } from '../asset-access.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { EdgeParts, Gate } from '../parts.ts';

/** Proofs are kept for the viewers of an hour or so; each is a few hundred bytes. */
const MAX_PROOFS = 20_000;
/** Longer credentials are checked but not kept, so that nobody fills memory with keys. */
const MAX_PROOF_KEY_LENGTH = 4_096;

/** Lets the viewer in or not, before anything is looked up: a refusal must not tell what is there. */
export function authorize(parts: EdgeParts): Phase {
  const { gate } = parts;
  if (!gate) return () => 'lookup';
  const judge = new Judge(gate);
  const decide = (x: Exchange, policy: AccessPolicy): Step => {
    if (policy === 'public' && x.credential?.carrier !== 'token-path') return 'lookup';
    const asked = askedBy(x, parts.schemeOf(x));
    const verdict = judge.judge(x.credential ?? { carrier: 'none' }, asked);
    if (verdict.granted) {
      x.grant = verdict.grant;
      return 'lookup';
    }
    x.refusalCode = verdict.code;
    throw new Fault('GRANT_REJECTED', { detail: { why: verdict.why } });
  };
  return (x) => {
    if (x.fromEdge) return 'lookup';
    const policy = gate.assets.find(x.film?.assetId ?? '');
    return typeof policy === 'string' ? decide(x, policy) : policy.then((known) => decide(x, known));
  };
}

/** Checks signatures once and remembers the proof; time, address, path and key are asked every time. */
class Judge {
  readonly #gate: Gate;
  readonly #proofs = new LRUCache<string, Proof>({ max: MAX_PROOFS });
  /** Of credentials whose proof does not depend on what is asked for; the same cookies are the same object. */
  readonly #ofCredential = new WeakMap<Credential, Proof>();

  constructor(gate: Gate) {
    this.#gate = gate;
  }

  judge(credential: Credential, asked: Asked): Verdict {
    const proof = this.#prove(credential, asked.url);
    return 'granted' in proof ? proof : checkConditions(proof, asked, this.#gate.keys);
  }

  #prove(credential: Credential, url: string): ReturnType<typeof checkSignature> {
    const own = this.#ofCredential.get(credential);
    if (own) return own;
    const proof = this.#proveByText(credential, url);
    if (!('granted' in proof) && proof.covers.kind !== 'url') this.#ofCredential.set(credential, proof);
    return proof;
  }

  #proveByText(credential: Credential, url: string): ReturnType<typeof checkSignature> {
    const key = proofKey(credential, url);
    const known = this.#proofs.get(key);
    if (known) return known;
    const proof = checkSignature(credential, url, this.#gate.keys, this.#gate.derivedKey);
    if (!('granted' in proof) && key.length <= MAX_PROOF_KEY_LENGTH) this.#proofs.set(key, proof);
    return proof;
  }
}

function askedBy(x: Exchange, scheme: string): Asked {
  return {
    url: `${scheme}://${x.host}${joinTarget(x.path, x.query)}`,
    path: x.path,
    ip: x.ip,
    nowMs: x.receivedAtMs,
  };
}
