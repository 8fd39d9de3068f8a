import { LRUCache } from 'lru-cache';
import type { RevokedGrants } from '../kernel/access/proof.ts';
import { Fault } from '../kernel/errors.ts';
import { AssetAccess } from './asset-access.ts';
import type { EdgeOptions } from './edge-options.ts';
import type { EdgeKeys } from './feed/keys.ts';
import type { Origins } from './origins/origins.ts';
import type { Films, Gate } from './parts.ts';
import { ProofCache } from './proof-cache.ts';
import { EdgeSigner } from './signer.ts';

/** Film paths whose reading is remembered. */
const MAX_PATHS = 10_000;

/** Undefined in front of other people's origins, where there is nobody to sign for. */
export function makeSigner(options: EdgeOptions, keys: EdgeKeys): EdgeSigner | undefined {
  const { mode, credential, parentUrls = [], clock } = options;
  if (mode === 'proxy') return undefined;
  if (!credential) throw new Fault('INTERNAL', { says: 'An edge for films needs a credential for its origin.' });
  return new EdgeSigner({ credential, clock, fleet: keys, asksPeers: parentUrls.length > 0 });
}

export function makeGate(keys: EdgeKeys, revoked: RevokedGrants): Gate {
  return {
    keys,
    groupKeys: keys,
    get derivedKey() {
      return keys.derivedKey;
    },
    proofs: new ProofCache(),
    revoked,
  };
}

export function makeFilms({ clock, log }: EdgeOptions, signer: EdgeSigner, keys: EdgeKeys, origin: Origins): Films {
  return {
    paths: new LRUCache({ max: MAX_PATHS }),
    signer,
    assets: new AssetAccess(origin, signer, clock, log),
    mayBringCredentials: (webOrigin) => keys.mayBringCredentials(webOrigin),
    get takesCredentials() {
      return keys.takesCredentials;
    },
  };
}
