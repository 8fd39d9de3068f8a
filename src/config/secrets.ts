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
  /** The server's own key, with which control signs playback grants. */
  readonly grantKey: { readonly keyPairId: string; readonly privateKeyPem: string; readonly publicKeyPem: string };
}

/** Reads the secrets of a data folder, making them if there are none yet. */
export async function loadSecrets(folder: string): Promise<Secrets> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'secrets.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Secrets;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
  }
  const secrets = makeSecrets();
  const aside = `${file}.${process.pid}`;
  const handle = await open(aside, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify(secrets, undefined, 2));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(aside, file);
  return secrets;
}

function makeSecrets(): Secrets {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    apiTokenSecret: randomBytes(32).toString('base64url'),
    edgeSecret: randomBytes(32).toString('base64url'),
    grantKey: {
      keyPairId: newKeyPairId(),
      privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    },
  };
}
