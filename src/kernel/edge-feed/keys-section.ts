import type { TokenKey } from '../access/jwks.ts';
import { isRecord } from './message.ts';

/** The section `keys`: everything that an edge needs to judge a viewer by itself. */
export interface KeysSection {
  /** Keys whose grants are accepted; a revoked key is not in the list. */
  readonly keys: readonly { readonly keyPairId: string; readonly publicKeyPem: string }[];
  /** Keys of identity providers, by key group: good for tokens in behaviours that trust the group. */
  readonly groupKeys: Readonly<Record<string, readonly TokenKey[]>>;
  /** Web origins whose pages may send cookies to the edge, such as the console's. */
  readonly credentialOrigins: readonly string[];
  /** What edges share: each can check what another has signed. */
  readonly fleet: {
    /** Signs the grants of a signed playlist's children. */
    readonly derivedSecret: string;
    /** Signs what edges ask of each other. */
    readonly peerSecret: string;
    /** Ids of edges whose requests count no more. */
    readonly revoked: readonly string[];
  };
}

export function isKeysSection(value: unknown): value is KeysSection {
  if (!isRecord(value)) return false;
  const { keys, groupKeys, credentialOrigins, fleet } = value;
  if (!Array.isArray(keys) || !keys.every(isKey) || !isRecord(groupKeys)) return false;
  const areGroups = Object.values(groupKeys).every((group) => Array.isArray(group) && group.every(isTokenKey));
  return areGroups && isTexts(credentialOrigins) && isFleet(fleet);
}

function isFleet(value: unknown): boolean {
  if (!isRecord(value)) return false;
  return [value.derivedSecret, value.peerSecret].every((each) => typeof each === 'string') && isTexts(value.revoked);
}

function isTokenKey(value: unknown): boolean {
  return isRecord(value) && typeof value.kid === 'string' && typeof value.publicKeyPem === 'string';
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isKey(value: unknown): boolean {
  return isRecord(value) && typeof value.keyPairId === 'string' && typeof value.publicKeyPem === 'string';
}
