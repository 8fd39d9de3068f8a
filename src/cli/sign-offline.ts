import { signToken } from '../kernel/access/grant-token.ts';
import { parsePrivateKey } from '../kernel/access/key-pair.ts';
import { parsePolicy } from '../kernel/access/policy.ts';
import { type CarriedToken, carryToken, coveredBy, splitUrl } from '../kernel/access/reach.ts';
import { REASONS } from '../kernel/access/refusal.ts';
import { type SignRequest, signCookies, signUrl } from '../kernel/access/sign.ts';

import type { Given } from './command.ts';
import { usage } from './failure.ts';
import { readText } from './files.ts';
import type { SignCarrier, Signed } from './sign.ts';
import { parseMoment } from './times.ts';

/** Signs with a key from a file: no server is asked. @throws Failure, or Fault for a key or address that is none */
export async function signOffline(url: string, carrier: SignCarrier, given: Given): Promise<Signed> {
  const request = await readRequest(url, given);
  const { keyPairId } = request;
  const expiresAt = new Date(expiryOf(request)).toISOString();
  if (carrier === 'url') return { keyPairId, expiresAt, url: signUrl(request) };
  const covered = coveredBy(url);
  if (carrier === 'cookies') return { keyPairId, expiresAt, cookies: signCookies({ ...request, url: covered }) };
  return { keyPairId, expiresAt, ...tokenOf(request, covered) };
}

async function readRequest(url: string, given: Given): Promise<SignRequest> {
  const nowMs = Date.now();
  const starts = given.text('starts');
  const ip = given.text('ip');
  const policyFile = given.text('policy');
  return {
    url,
    keyPairId: given.text('keyPairId') ?? '',
    privateKey: parsePrivateKey(await readText(given.text('privateKey') ?? '')),
    expiresAtMs: parseMoment(given.text('expires') ?? '1h', '--expires', nowMs),
    ...(starts === undefined ? {} : { startsAtMs: parseMoment(starts, '--starts', nowMs) }),
    ...(ip === undefined ? {} : { ip }),
    ...(policyFile === undefined ? {} : { policy: await readPolicy(policyFile) }),
    ...(given.has('sha256') ? { hash: 'SHA256' as const } : {}),
  };
}

/** The policy of a file without its white space, once it is sure that an edge can read it. */
async function readPolicy(file: string): Promise<string> {
  const text = await readText(file);
  const reading = parsePolicy(text);
  if (!reading.ok) throw usage(`${file}: ${REASONS[reading.why].says}`);
  return JSON.stringify(JSON.parse(text));
}

/** A policy brings its own expiry. */
function expiryOf({ policy, expiresAtMs }: SignRequest): number {
  const reading = policy === undefined ? undefined : parsePolicy(policy);
  // A policy may name a second that no Date can hold.
  return reading?.ok ? Math.min(reading.policy.lessThanSeconds * 1000, 8.64e15) : expiresAtMs;
}

function tokenOf(request: SignRequest, covered: string): CarriedToken {
  const { url, expiresAtMs, startsAtMs, ip, keyPairId, privateKey } = request;
  const grant = {
    paths: [splitUrl(covered).path],
    expiresAtMs,
    ...(startsAtMs === undefined ? {} : { startsAtMs }),
    ...(ip === undefined ? {} : { ip }),
  };
  return carryToken(url, signToken(grant, keyPairId, privateKey));
}
