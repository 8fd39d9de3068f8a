import { joinTarget } from '../../kernel/access/canonical.ts';
import type { Credential } from '../../kernel/access/credential.ts';
import { type Asked, checkConditions, type Verdict } from '../../kernel/access/proof.ts';
import { checkSignature } from '../../kernel/access/verify.ts';
import { Fault } from '../../kernel/errors.ts';
import { withoutDirectives } from '../../kernel/live/directives.ts';
import type { AccessPolicy } from '../asset-access.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { EdgeParts, Gate } from '../parts.ts';

/** Lets the viewer in or not, before anything is looked up: a refusal must not tell what is there. */
export function authorize(parts: EdgeParts): Phase {
  const { gate, films } = parts;
  if (!gate) return onward;
  const decide = (x: Exchange, policy: AccessPolicy): Step => {
    if (policy === 'public' && x.credential?.carrier !== 'token-path') return onward(x);
    const asked = askedBy(x, parts.schemeOf(x));
    const verdict = judge(x.credential ?? { carrier: 'none' }, asked, gate);
    if (verdict.granted) {
      // Deleted: what is stored of it is here for as long as there is room, and nobody is to have it any more.
      if (policy === 'gone' && (x.film || x.live)) throw new Fault('NOT_FOUND');
      x.grant = verdict.grant;
      return onward(x);
    }
    x.refusalCode = verdict.code;
    throw new Fault('GRANT_REJECTED', { detail: { why: verdict.why } });
  };
  return (x) => {
    if (x.fromEdge) return onward(x);
    if (!films) return decide(x, 'signed');
    const policy = films.assets.find(x.film?.assetId ?? x.live?.object.streamId ?? '');
    return typeof policy === 'string' ? decide(x, policy) : policy.then((known) => decide(x, known));
  };
}

function onward(x: Exchange): Step {
  if (x.live?.object.kind === 'channel') return 'channel';
  return x.upgrade ? 'tunnel' : 'lookup';
}

/** Signatures are checked once; time, address, path and key are asked every time. */
export function judge(credential: Credential, asked: Asked, { keys, derivedKey, proofs, revoked }: Gate): Verdict {
  const proof = proofs.find(credential, asked.url, () => checkSignature(credential, asked.url, keys, derivedKey));
  return 'granted' in proof ? proof : checkConditions(proof, asked, keys, revoked);
}

export function askedBy(x: Exchange, scheme: string): Asked {
  const path = x.rootObject === undefined ? x.path : '/';
  // A player puts its directives behind an address that was signed without them.
  const query = x.live ? withoutDirectives(x.query) : x.query;
  return {
    url: `${scheme}://${x.host}${joinTarget(path, query)}`,
    path,
    ip: x.ip,
    nowMs: x.receivedAtMs,
  };
}
