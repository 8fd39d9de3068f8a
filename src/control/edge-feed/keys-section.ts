import type { SigningKey } from '../../database/signing-keys.ts';
import { derivedSecretOf } from '../../kernel/access/derive.ts';
import { peerSecretOf } from '../../kernel/access/edge-identity.ts';
import type { KeysSection } from '../../kernel/edge-feed/keys-section.ts';
import { type StateSection, versionOf } from './sections.ts';

export interface KeysParts {
  readonly keys: { list(): Promise<readonly SigningKey[]> };
  /** Of identity providers, by key group. */
  readonly groupKeys: () => Promise<KeysSection['groupKeys']>;
  readonly edges: { revokedIds(): Promise<readonly string[]> };
  readonly secrets: { readonly edgeSecret: string };
  readonly urls: () => { readonly control: string };
}

/** The keys that count, and where the console is. */
export function keysSection({ keys, groupKeys, edges, secrets, urls }: KeysParts): StateSection {
  return {
    name: 'keys',
    read: async () => {
      const active = (await keys.list()).filter(({ revokedAtMs }) => revokedAtMs === undefined);
      const value: KeysSection = {
        keys: active.map(({ keyPairId, publicKeyPem }) => ({ keyPairId, publicKeyPem })),
        groupKeys: await groupKeys(),
        credentialOrigins: consoleOrigins(urls().control),
        fleet: {
          derivedSecret: derivedSecretOf(secrets.edgeSecret),
          peerSecret: peerSecretOf(secrets.edgeSecret),
          revoked: await edges.revokedIds(),
        },
      };
      return { version: versionOf(value), value };
    },
  };
}

/** A console on the loopback address is opened under either of its names. */
function consoleOrigins(controlUrl: string): string[] {
  if (!URL.canParse(controlUrl)) return [];
  const url = new URL(controlUrl);
  const twin = { '127.0.0.1': 'localhost', localhost: '127.0.0.1' }[url.hostname];
  if (!twin) return [url.origin];
  const other = new URL(url);
  other.hostname = twin;
  return [url.origin, other.origin];
}
