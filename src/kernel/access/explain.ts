import { decodeUrlSafe, joinTarget } from './canonical.ts';
import { type Credential, type CredentialSource, readCredential, type SignedCredential } from './credential.ts';
import type { DerivedKey } from './derive.ts';
import { decodeJwt } from './jwt.ts';
import { algorithmOf } from './key-pair.ts';
import { type Asked, CONDITIONS, type KeyLookup, type Terms } from './proof.ts';
import { REASONS, type Reason, type RefusalCode, STAGES, type Stage } from './refusal.ts';
import { readTerms } from './token.ts';
import { checkSignature, readStatement } from './verify.ts';

/** One thing that was looked at. `unknown`: it could not be, because something before it failed or was not given. */
export interface Check {
  readonly check: Stage;
  readonly outcome: 'passed' | 'failed' | 'unknown';
  readonly says: string;
}

/** What an operator is told about a credential. A viewer only ever sees `code`. */
export interface Explanation {
  readonly granted: boolean;
  readonly code?: RefusalCode;
  readonly why?: Reason;
  readonly carrier: Credential['carrier'];
  readonly keyPairId?: string;
  /** The URL that the grant is judged by: without signing parameters, token and path prefix. */
  readonly url: string;
  /** The policy or the claims as they were signed, decoded. */
  readonly policy?: unknown;
  readonly checks: readonly Check[];
  /** What would have made a refused signature fit. */
  readonly hints: readonly string[];
}

export interface ExplainSource extends CredentialSource {
  /** Scheme and host as the viewer used them, such as `https://video.example`. */
  readonly origin: string;
  /** The viewer's address, when it is known. */
  readonly ip?: string | undefined;
  readonly nowMs: number;
}

/** Every check of a credential with a sentence, those behind a failed one too where they can still be made. */
export function explainGrant(source: ExplainSource, keys: KeyLookup, derivedKey?: DerivedKey): Explanation {
  const { credential, path, query } = readCredential(source);
  const asked: Asked = {
    url: source.origin + joinTarget(path, query),
    path,
    ip: source.ip ?? '',
    nowMs: source.nowMs,
  };
  const proof = checkSignature(credential, asked.url, keys, derivedKey);
  const terms = termsOf(credential, asked.url);
  const failures = new Set<Reason>('granted' in proof ? [proof.why] : []);
  for (const { why, holds } of terms ? CONDITIONS : []) if (terms && !holds(terms, asked)) failures.add(why);
  if (source.ip === undefined) failures.delete('address-outside');
  const [why] = [...failures];
  const keyPairId = keyPairIdOf(credential);
  const policy = policyOf(credential);
  return {
    granted: why === undefined,
    ...(why === undefined ? {} : { code: REASONS[why].code, why }),
    carrier: credential.carrier,
    ...(keyPairId === undefined ? {} : { keyPairId }),
    url: asked.url,
    ...(policy === undefined ? {} : { policy }),
    checks: STAGES.map((stage) => checkOf(stage, { failures, terms, source, keyPairId, keys, credential })),
    hints: failures.has('signature-wrong') ? hintsFor(credential, asked, keys) : [],
  };
}

interface Findings {
  readonly failures: ReadonlySet<Reason>;
  readonly terms: Terms | undefined;
  readonly source: ExplainSource;
  readonly keyPairId: string | undefined;
  readonly keys: KeyLookup;
  readonly credential: Credential;
}

function checkOf(stage: Stage, findings: Findings): Check {
  const failed = [...findings.failures].find((why) => REASONS[why].stage === stage);
  if (failed) return { check: stage, outcome: 'failed', says: `${REASONS[failed].says}${factOf(failed, findings)}` };
  const says = passedSentence(stage, findings);
  return says === undefined
    ? { check: stage, outcome: 'unknown', says: 'Not checked, since what it needs is missing.' }
    : { check: stage, outcome: 'passed', says };
}

/** The sentence for a check that held; undefined when it could not be made. */
function passedSentence(stage: Stage, findings: Findings): string | undefined {
  const { terms, source, keyPairId, keys, credential } = findings;
  const key = keyPairId === undefined ? undefined : keys.find(keyPairId);
  if (stage === 'credential') return `The request carries a credential: ${CARRIERS[credential.carrier]}.`;
  if (stage === 'key') return key && `Key ${keyPairId} is registered (${algorithmOf(key)}).`;
  if (stage === 'signature') return key && terms && 'The signature fits.';
  if (!terms) return undefined;
  if (stage === 'terms') return 'The policy can be read.';
  if (stage === 'path') return 'The path has one meaning only.';
  if (stage === 'start') return terms.fromSeconds === 0 ? 'It names no start.' : `Begun at ${iso(terms.fromSeconds)}.`;
  if (stage === 'expiry') return `Good until ${iso(terms.untilSeconds)}.`;
  if (stage === 'resource') return 'The resource is one the grant names.';
  if (!terms.ip) return 'It names no address: any viewer may use it.';
  return source.ip === undefined ? undefined : `${source.ip} lies in ${terms.ip.text}.`;
}

/** What the failed check compared, where that helps. */
function factOf(why: Reason, { terms, keyPairId, source }: Findings): string {
  if (why === 'key-unknown' && keyPairId !== undefined) return ` The id is ${keyPairId}.`;
  if (why === 'expired' && terms) return ` It ended at ${iso(terms.untilSeconds)}.`;
  if (why === 'not-yet' && terms) return ` It begins at ${iso(terms.fromSeconds)}.`;
  if (why === 'address-outside' && terms?.ip) return ` ${source.ip} is not in ${terms.ip.text}.`;
  return '';
}

const CARRIERS: Readonly<Record<Credential['carrier'], string>> = {
  none: 'none',
  url: 'a signed URL',
  cookies: 'signed cookies',
  'token-path': 'a token in the path',
  'token-query': 'a token in the query',
  'token-bearer': 'a bearer token',
};

function termsOf(credential: Credential, url: string): Terms | undefined {
  if (credential.carrier === 'none') return undefined;
  if ('token' in credential) {
    const claims = decodeJwt(credential.token)?.claims;
    return claims && readTerms(claims);
  }
  const statement = readStatement(credential, url);
  return 'granted' in statement ? undefined : statement;
}

function keyPairIdOf(credential: Credential): string | undefined {
  if (credential.carrier === 'none') return undefined;
  if (!('token' in credential)) return credential.values['Key-Pair-Id'];
  const token = decodeJwt(credential.token);
  const id = token?.claims.par ?? token?.header.kid;
  return typeof id === 'string' ? id : undefined;
}

function policyOf(credential: Credential): unknown {
  if (credential.carrier === 'none') return undefined;
  if ('token' in credential) return decodeJwt(credential.token)?.claims;
  const { Policy, Expires } = credential.values;
  if (Policy === undefined) return Expires === undefined ? undefined : { Expires };
  const text = decodeUrlSafe(Policy)?.toString('utf8');
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return text; // not JSON, which the checks say: the operator sees what is there instead
  }
}

/** The usual slips: another digest than the signer's, or another scheme than the signed one behind a proxy. */
function hintsFor(credential: Credential, asked: Asked, keys: KeyLookup): string[] {
  if (credential.carrier === 'none' || 'token' in credential) return [];
  const fits = (changed: SignedCredential, url: string) => !('granted' in checkSignature(changed, url, keys));
  const hash = credential.values['Hash-Algorithm'] === 'SHA256' ? 'SHA1' : 'SHA256';
  const rehashed = { ...credential, values: { ...credential.values, 'Hash-Algorithm': hash } };
  const scheme = asked.url.startsWith('https:') ? 'http' : 'https';
  const hints: string[] = [];
  if (fits(rehashed, asked.url)) hints.push(`The signature fits with Hash-Algorithm=${hash}.`);
  if (fits(credential, asked.url.replace(/^https?/, scheme))) hints.push(`The signature fits over ${scheme}.`);
  return hints;
}

function iso(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `second ${seconds}` : date.toISOString();
}
