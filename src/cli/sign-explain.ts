import type { KeyObject } from 'node:crypto';
import { type Check, type Explanation, explainGrant } from '../kernel/access/explain.ts';
import { parsePublicKey } from '../kernel/access/key-pair.ts';
import type { KeyLookup } from '../kernel/access/proof.ts';
import type { Given } from './command.ts';
import { usage } from './failure.ts';
import { readText } from './files.ts';
import type { SigningKeyView } from './key.ts';
import { findServer } from './server.ts';
import type { Terminal } from './terminal.ts';

/** `sign --explain`: what the URL carries, each check with its outcome. An answer, so the exit status is 0 either way. */
export async function explainUrl(url: string, given: Given, terminal: Terminal): Promise<void> {
  const parts = /^(https?:\/\/[^/?#]+)([^#]*)/.exec(url);
  if (!parts) throw usage('--explain needs the whole http or https URL as the viewer used it.');
  const [, origin = '', target = ''] = parts;
  const explanation = explainGrant(
    {
      origin,
      target: target.startsWith('/') ? target : `/${target}`,
      cookieHeader: given.text('cookie'),
      ip: given.text('ip'),
      nowMs: Date.now(),
    },
    await findKeys(given),
  );
  terminal.answer(explanation, linesOf(explanation));
}

/** The one key of `--public-key`, for whatever id the URL names unless `--key-pair-id` says it; else the server's. */
async function findKeys(given: Given): Promise<KeyLookup> {
  const file = given.text('publicKey');
  if (file === undefined) return serverKeys(given);
  const key = parsePublicKey(await readText(file));
  const only = given.text('keyPairId');
  return { find: (keyPairId) => (only === undefined || only === keyPairId ? key : undefined) };
}

async function serverKeys(given: Given): Promise<KeyLookup> {
  const api = await findServer(given, 'apiToken');
  const page = await api.call<{ items: readonly SigningKeyView[] }>('GET', '/v1/signing-keys');
  const active = page.items.filter((key) => key.revokedAt === undefined);
  const keys = new Map(active.map((key): [string, KeyObject] => [key.keyPairId, parsePublicKey(key.publicKeyPem)]));
  return { find: (keyPairId) => keys.get(keyPairId) };
}

const MARKS: Readonly<Record<Check['outcome'], string>> = { passed: 'ok', failed: 'FAILS', unknown: '-' };

function linesOf(explanation: Explanation): string[] {
  const { granted, code, policy, checks, hints, url } = explanation;
  return [
    granted ? 'Granted.' : `Refused with ${code}.`,
    `url         ${url}`,
    ...(policy === undefined ? [] : [`policy      ${JSON.stringify(policy)}`]),
    ...checks.map(({ check, outcome, says }) => `${check.padEnd(10)}  ${MARKS[outcome].padEnd(5)}  ${says}`),
    ...hints.map((hint) => `hint        ${hint}`),
  ];
}
