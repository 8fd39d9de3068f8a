import { LRUCache } from 'lru-cache';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { EdgeSigner } from './signer.ts';
import type { UpstreamRequest, UpstreamText } from './upstream.ts';

/** `gone`: the origin knows of no such thing, or no longer; who has no grant for it is refused as by `signed`. */
export type AccessPolicy = 'public' | 'signed' | 'gone';

interface Asked {
  /** @throws Fault ORIGIN_… */
  text(request: UpstreamRequest): Promise<UpstreamText>;
}

interface Known {
  readonly policy: AccessPolicy;
  readonly askedAtMs: number;
}

interface Asking {
  readonly word: Promise<AccessPolicy>;
  readonly sinceMs: number;
}

const MAX_AGE_MS = 2_000;
/** From here on it is asked again behind the viewers' backs, so that a watched asset never makes one wait. */
const REFRESH_AGE_MS = 1_000;
/** How long viewers wait for a slow origin where the last word is known, from when it was asked: all of them, once. */
const PATIENCE_MS = 1_000;
const MAX_ASSETS = 10_000;

/**
 * Who may watch an asset, as the origin last said. What is unknown counts as signed, so a refusal does not tell whether
 * an asset exists; while the origin is away the last word stands.
 */
export class AssetAccess {
  readonly #origin: Asked;
  readonly #signer: Pick<EdgeSigner, 'fields'>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #known = new LRUCache<string, Known>({ max: MAX_ASSETS });
  readonly #asking = new Map<string, Asking>();

  constructor(origin: Asked, signer: Pick<EdgeSigner, 'fields'>, clock: Clock, log: Log) {
    this.#origin = origin;
    this.#signer = signer;
    this.#clock = clock;
    this.#log = log;
  }

  /** The policy at once when it is known, otherwise when the origin has answered. Never rejects. */
  find(assetId: string): AccessPolicy | Promise<AccessPolicy> {
    const known = this.#known.get(assetId);
    const nowMs = this.#clock.now();
    const ageMs = known ? nowMs - known.askedAtMs : Number.POSITIVE_INFINITY;
    if (ageMs >= 0 && ageMs < REFRESH_AGE_MS && known) return known.policy;
    const { word, sinceMs } = this.#ask(assetId, nowMs);
    if (!known) return word;
    const leftMs = Math.min(PATIENCE_MS, PATIENCE_MS + sinceMs - nowMs);
    return ageMs < MAX_AGE_MS || leftMs <= 0 ? known.policy : soon(word, known.policy, leftMs);
  }

  #ask(assetId: string, sinceMs: number): Asking {
    const already = this.#asking.get(assetId);
    if (already) return already;
    const word = this.#fetch(assetId).finally(() => this.#asking.delete(assetId));
    const asking = { word, sinceMs };
    this.#asking.set(assetId, asking);
    return asking;
  }

  async #fetch(assetId: string): Promise<AccessPolicy> {
    const askedAtMs = this.#clock.now();
    const target = `/access/${assetId}`;
    let policy: AccessPolicy | undefined;
    try {
      const answer = await this.#origin.text({ method: 'GET', target, fields: this.#signer.fields('GET', target) });
      policy = readPolicy(answer.head.status, answer.text);
      if (!policy)
        this.#log.warn({ assetId, status: answer.head.status }, 'access answer of the origin not understood');
    } catch (cause) {
      this.#log.warn({ assetId, err: cause }, 'access could not be asked of the origin');
    }
    policy ??= this.#known.get(assetId)?.policy ?? 'signed';
    this.#known.set(assetId, { policy, askedAtMs });
    return policy;
  }
}

/** The answer if it comes soon, otherwise the last word. */
function soon(asked: Promise<AccessPolicy>, last: AccessPolicy, patienceMs: number): Promise<AccessPolicy> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patienceMs, last);
    void asked.then((policy) => {
      clearTimeout(timer);
      resolve(policy);
    });
  });
}

function readPolicy(status: number, text: string): AccessPolicy | undefined {
  if (status === 404) return 'gone';
  if (status !== 200) return undefined;
  const body = parseJson(text);
  const policy = typeof body === 'object' && body !== null && 'policy' in body ? body.policy : undefined;
  return policy === 'public' || policy === 'signed' ? policy : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // An answer that is no JSON is one that was not understood, whatever it is instead.
    return undefined;
  }
}
