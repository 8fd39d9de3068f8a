import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { CredentialReader } from '../../src/edge/credential-reader.ts';
import { ProofCache } from '../../src/edge/proof-cache.ts';
import type { Credential } from '../../src/kernel/access/credential.ts';
import { checkConditions } from '../../src/kernel/access/proof.ts';
import { signCookies, signUrl } from '../../src/kernel/access/sign.ts';
import { checkSignature } from '../../src/kernel/access/verify.ts';
import { median, type Table } from './measure.ts';

const ROUNDS = 7;
const VIEWERS = 300;
const REPEATS = 20_000;
const ORIGIN = 'https://cdn.example.com';
const ID = 'KBENCH';

interface KeyKind {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/**
 * What it costs the edge to let a viewer in, from his header fields on: the first time, when the signature is checked, and
 * every time after that. Beside it OpenSSL's check of such a signature alone.
 */
export async function benchAccess(): Promise<Table[]> {
  const kinds = [keyKind('RSA 2048', 'rsa'), keyKind('ECDSA P-256', 'ec')];
  const rows = kinds.flatMap((kind) => {
    const bare = median(Array.from({ length: ROUNDS }, () => bareMicros(kind)));
    return [row(kind, 'signed URL', urlsOf(kind), bare), row(kind, 'signed cookie', cookiesOf(kind), bare)];
  });
  const head = ['grant', 'first time', 'repeated', 'OpenSSL alone', 'first / OpenSSL', 'repeated / first'];
  return [{ title: `Letting a viewer in (medians of ${ROUNDS}, ${VIEWERS} viewers)`, head, rows }];
}

/** One request: target and cookie of a viewer. */
interface Asking {
  readonly target: string;
  readonly cookie: string | undefined;
}

function row({ name, publicKey }: KeyKind, carrier: string, askings: readonly Asking[], bareMicros: number): string[] {
  const rounds = Array.from({ length: ROUNDS }, () => measure(publicKey, askings));
  const first = median(rounds.map((each) => each.first));
  const repeated = median(rounds.map((each) => each.repeated));
  return [
    `${carrier}, ${name}`,
    `${first.toFixed(1)} us`,
    `${repeated.toFixed(2)} us`,
    `${bareMicros.toFixed(1)} us`,
    (first / bareMicros).toFixed(2),
    (repeated / first).toFixed(3),
  ];
}

function measure(publicKey: KeyObject, askings: readonly Asking[]): { first: number; repeated: number } {
  const reader = new CredentialReader();
  const proofs = new ProofCache();
  const keys = { find: (id: string) => (id === ID ? publicKey : undefined) };
  const letIn = ({ target, cookie }: Asking) => {
    const { credential, path, query } = reader.read(target, cookie, undefined);
    const url = `${ORIGIN}${path}${query === '' ? '' : `?${query}`}`;
    const proof = proofs.find(credential as Credential, url, () => checkSignature(credential, url, keys));
    const asked = { url, path, ip: '192.0.2.1', nowMs: Date.now() };
    if ('granted' in proof || !checkConditions(proof, asked, keys).granted) throw new Error('a viewer was not let in');
  };
  const first = micros(askings.length, (at) => letIn(askings[at] as Asking));
  const [one] = askings;
  const repeated = micros(REPEATS, () => letIn(one as Asking));
  return { first, repeated };
}

function urlsOf({ privateKey }: KeyKind): Asking[] {
  return viewers().map((path, at) => {
    const url = signUrl({ url: ORIGIN + path, keyPairId: ID, privateKey, expiresAtMs: soon(at) });
    return { target: url.slice(ORIGIN.length), cookie: undefined };
  });
}

function cookiesOf({ privateKey }: KeyKind): Asking[] {
  return viewers().map((path, at) => {
    const cookies = signCookies({ url: `${ORIGIN}/films/*`, keyPairId: ID, privateKey, expiresAtMs: soon(at) });
    const cookie = Object.entries(cookies).map(([name, value]) => `${name}=${value}`);
    return { target: path, cookie: cookie.join('; ') };
  });
}

function viewers(): string[] {
  return Array.from({ length: VIEWERS }, (_, at) => `/films/${at}/s00000.m4s`);
}

function soon(at: number): number {
  return Date.now() + 3_600_000 + at * 1000;
}

function bareMicros({ privateKey, publicKey }: KeyKind): number {
  const url = signUrl({ url: `${ORIGIN}/films/1`, keyPairId: ID, privateKey, expiresAtMs: soon(0) });
  const signature = Buffer.from(
    /Signature=([^&]+)/.exec(url)?.[1]?.replace(/-/g, '+').replace(/_/g, '=').replace(/~/g, '/') ?? '',
    'base64',
  );
  const policy = `{"Statement":[{"Resource":"${ORIGIN}/films/1","Condition":{"DateLessThan":{"AWS:EpochTime":0}}}]}`;
  // Whether it holds makes no difference to what it costs.
  return micros(VIEWERS, () => void verify('sha1', Buffer.from(policy), publicKey, signature));
}

function micros(times: number, work: (at: number) => void): number {
  const startedAt = performance.now();
  for (let at = 0; at < times; at++) work(at);
  return ((performance.now() - startedAt) * 1000) / times;
}

function keyKind(name: string, type: 'rsa' | 'ec'): KeyKind {
  const pair =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { name, privateKey: createPrivateKey(pem), publicKey: createPublicKey(pem) };
}
