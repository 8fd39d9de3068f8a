import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A certificate signed by its own key, PEM both; DER by hand, so that no test needs a program for it. */
export interface MadeCertificate {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const COMMON_NAME = [0x06, 0x03, 0x55, 0x04, 0x03];
const SUBJECT_ALT_NAME = [0x06, 0x03, 0x55, 0x1d, 0x11];

/** For these host names, good for a day on both sides of now. */
export function makeCertificate(...names: readonly string[]): MadeCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(ECDSA_WITH_SHA256);
  const name = sequence(tagged(0x31, sequence(COMMON_NAME, tagged(0x0c, Buffer.from(names[0] ?? '')))));
  const hosts = names.map((each) => tagged(0x82, Buffer.from(each)));
  const extension = sequence(SUBJECT_ALT_NAME, tagged(0x04, sequence(...hosts)));
  const body = sequence(
    tagged(0xa0, tagged(0x02, [2])),
    tagged(0x02, [1, ...randomBytes(8)]),
    algorithm,
    name,
    sequence(time(Date.now() - DAY_MS), time(Date.now() + DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(extension)),
  );
  const signature = createSign('sha256').update(body).sign(privateKey);
  const der = sequence(body, algorithm, tagged(0x03, [0, ...signature]));
  const lines = der
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** Puts one in place as a careful operator does: written aside, then renamed. */
export async function layCertificate(folder: string, label: string, ...names: readonly string[]): Promise<void> {
  const made = makeCertificate(...names);
  for (const [ending, text] of [
    ['key', made.key],
    ['crt', made.cert],
  ] as const) {
    await writeFile(join(folder, `.${label}.${ending}`), text);
  }
  for (const ending of ['key', 'crt'])
    await rename(join(folder, `.${label}.${ending}`), join(folder, `${label}.${ending}`));
}

function sequence(...parts: readonly (readonly number[] | Buffer)[]): Buffer {
  return tagged(0x30, Buffer.concat(parts.map((part) => Buffer.from(part))));
}

function tagged(tag: number, content: readonly number[] | Buffer): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), Buffer.from(content)]);
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return tagged(0x18, Buffer.from(digits));
}
