import { isRecord } from './message.ts';

/** The section `keys`: everything that an edge needs to judge a viewer by itself. */
export interface KeysSection {
  /** Keys whose grants are accepted; a revoked key is not in the list. */
  readonly keys: readonly { readonly keyPairId: string; readonly publicKeyPem: string }[];
  /** Web origins whose pages may send cookies to the edge, such as the console's. */
  readonly credentialOrigins: readonly string[];
}

export function isKeysSection(value: unknown): value is KeysSection {
  if (!isRecord(value)) return false;
  const { keys, credentialOrigins } = value;
  if (!Array.isArray(keys) || !keys.every(isKey)) return false;
  return Array.isArray(credentialOrigins) && credentialOrigins.every((each) => typeof each === 'string');
}

function isKey(value: unknown): boolean {
  return isRecord(value) && typeof value.keyPairId === 'string' && typeof value.publicKeyPem === 'string';
}
