import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { newKeyPairId } from '../kernel/ids.ts';

/** What this server must know and nobody else: made at the first start, kept in `secrets.json`, readable by its user only. */
export interface Secrets {
  /** Signs API tokens. */
  readonly apiTokenSecret: string;
  /** Signs edge requests and the grants that edges derive for a playlist's children. */
  readonly edgeSecret: string;
  /** Seals the keys of encrypted films in the database. Whoever loses it loses those films. */
  readonly contentKeySecret: string;
  /** The server's own key, with which control signs playback grants. */
  readonly grantKey: { readonly keyPairId: string; readonly privateKeyPem: string; readonly publicKeyPem: string };
}

/**
 * Reads the secrets of a data folder. What is missing is made and kept: all of them at the first start, one that the
 * operator removed to have a new one (`grantKey` after it was revoked) at the next.
 */
export async function loadSecrets(folder: string): Promise<Secrets> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'secrets.json');
  const kept = await readKept(file);
  if (NAMES.every((name) => kept[name] !== undefined)) return kept as Secrets;
  const secrets = { ...makeSecrets(), ...kept };
  await keep(file, secrets);
  return secrets;
}

const NAMES = ['apiTokenSecret', 'edgeSecret', 'contentKeySecret', 'grantKey'] as const satisfies (keyof Secrets)[];

/** @throws Error naming the file when it is not JSON: making new secrets would lock everybody out. */
async function readKept(file: string): Promise<Partial<Secrets>> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause;
    return '{}';
  });
  try {
    return JSON.parse(text) as Partial<Secrets>;
  } catch (cause) {
    throw new Error(`${file} is not JSON; restore it, or remove it to start with new secrets`, { cause });
  }
}

/** Written aside, synced and renamed, so that a crash leaves the old file or the new one. */
async function keep(file: string, secrets: Secrets): Promise<void> {
  const aside = `${file}.${process.pid}`;
  const handle = await open(aside, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify(secrets, undefined, 2));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(aside, file);
}

function makeSecrets(): Secrets {
  // P-256 rather than RSA: its signatures are a quarter as long, and so are the links that people copy.
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return {
    apiTokenSecret: randomBytes(32).toString('base64url'),
    edgeSecret: randomBytes(32).toString('base64url'),
    contentKeySecret: randomBytes(32).toString('base64url'),
    grantKey: {
      keyPairId: newKeyPairId(),
      privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    },
  };
}
