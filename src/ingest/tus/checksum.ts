import { Fault } from '../../kernel/errors.ts';

/** Hashes that a chunk may be sent with; tus asks for SHA-1 at least. */
export const CHECKSUM_ALGORITHMS = ['sha1', 'sha256', 'sha512'] as const;

export interface Checksum {
  readonly algorithm: (typeof CHECKSUM_ALGORITHMS)[number];
  readonly digest: Buffer;
}

/**
 * `Upload-Checksum: sha1 <base64>`, or undefined without the header.
 * @throws Fault INVALID_REQUEST for another algorithm or form, which tus answers with 400.
 */
export function parseChecksum(header: string | undefined): Checksum | undefined {
  if (header === undefined) return undefined;
  const [name, text = ''] = header.trim().split(/ +/);
  const algorithm = CHECKSUM_ALGORITHMS.find((each) => each === name);
  if (!algorithm || !/^[A-Za-z0-9+/]+=*$/.test(text)) {
    const names = CHECKSUM_ALGORITHMS.join(', ');
    throw new Fault('INVALID_REQUEST', { says: `Upload-Checksum must be one of ${names}, a space and Base64.` });
  }
  return { algorithm, digest: Buffer.from(text, 'base64') };
}
