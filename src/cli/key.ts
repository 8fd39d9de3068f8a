import { writeFile } from 'node:fs/promises';
import type { Command } from './command.ts';
import { Failure } from './failure.ts';
import { readText } from './files.ts';
import { findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import { tableLines } from './terminal.ts';

/** A signing key as the API tells it. */
export interface SigningKeyView {
  readonly keyPairId: string;
  readonly name: string;
  readonly owner: string;
  readonly algorithm: string;
  readonly publicKeyPem: string;
  readonly createdAt: string;
  readonly revokedAt?: string;
  /** Only in the answer that made it. */
  readonly privateKeyPem?: string;
}

const OPTIONS = [...SERVER_OPTIONS, JSON_OPTION];

const create: Command = {
  name: 'create',
  says: 'make a signing key and show its private half, this once; or register a public key that you have',
  options: [
    { flags: '--name <text>', says: 'what the key is for' },
    { flags: '--algorithm <kind>', says: 'RSA (default) or ECDSA on P-256', choices: ['RSA', 'ECDSA'] },
    { flags: '--public-key <file>', says: 'register this public key (PEM) instead of making a pair' },
    { flags: '--out <file>', says: 'write the private key to this new file, readable by you only' },
    ...OPTIONS,
  ],
  async run(given, terminal) {
    given.atMostOne('publicKey', 'out');
    given.atMostOne('publicKey', 'algorithm');
    const publicKeyFile = given.text('publicKey');
    const publicKeyPem = publicKeyFile === undefined ? undefined : await readText(publicKeyFile);
    const wanted = { name: given.text('name'), algorithm: given.text('algorithm'), publicKeyPem };
    const api = await findServer(given);
    const key = await api.call<SigningKeyView>('POST', '/v1/signing-keys', wanted);
    const out = given.text('out');
    if (out !== undefined) await keep(out, key);
    terminal.answer(key, [key.keyPairId, key.publicKeyPem.trimEnd(), ...privateLines(key, out)]);
    if (key.privateKeyPem && out === undefined)
      terminal.note('Keep the private key: it is not stored and not shown again.');
  },
};

/** Never over a file that is there: it may be the only copy of another key. */
async function keep(file: string, key: SigningKeyView): Promise<void> {
  try {
    await writeFile(file, key.privateKeyPem ?? '', { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    // The server does not keep it: better on the screen than lost.
    process.stderr.write(key.privateKeyPem ?? '');
    const { code } = cause as NodeJS.ErrnoException;
    throw new Failure('FILE_UNREADABLE', `${file} cannot be written (${code}); the private key stands above.`, {
      cause,
    });
  }
}

function privateLines(key: SigningKeyView, out: string | undefined): string[] {
  if (out !== undefined) return [`The private key is in ${out}.`];
  return key.privateKeyPem === undefined ? [] : [key.privateKeyPem.trimEnd()];
}

const list: Command = {
  name: 'list',
  says: 'list signing keys, revoked ones too',
  options: OPTIONS,
  async run(given, terminal) {
    const api = await findServer(given);
    const page = await api.call<{ items: readonly SigningKeyView[] }>('GET', '/v1/signing-keys');
    const rows = page.items.map((key) => [
      key.keyPairId,
      key.algorithm,
      key.owner,
      key.revokedAt === undefined ? 'active' : `revoked ${key.revokedAt}`,
      key.name,
    ]);
    terminal.answer(page, tableLines(['KEY PAIR', 'KIND', 'OWNER', 'STATE', 'NAME'], rows));
  },
};

const revoke: Command = {
  name: 'revoke',
  says: 'stop accepting what a key has signed, at once',
  takes: [{ name: '<keyPairId>', says: 'such as K2JCJMDEHXQW5F' }],
  options: OPTIONS,
  async run(given, terminal) {
    const keyPairId = given.argument('keyPairId');
    const api = await findServer(given);
    await api.call('DELETE', `/v1/signing-keys/${encodeURIComponent(keyPairId)}`);
    terminal.answer({ keyPairId, revoked: true }, [`${keyPairId} is revoked.`]);
  },
};

export const key: Command = {
  name: 'key',
  says: 'make, list and revoke signing keys',
  children: [create, list, revoke],
};
