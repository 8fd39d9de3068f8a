import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Credential } from '../../kernel/access/credential.ts';
import type { Asked } from '../../kernel/access/proof.ts';
import { Fault } from '../../kernel/errors.ts';
import type { AccessPolicy } from '../asset-access.ts';
import type { Admission, Judgement } from '../channel/admission.ts';
import { acceptViewer, offersProtocol } from '../channel/viewer-socket.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { EdgeParts, Films, Gate } from '../parts.ts';
import { askedBy, judge } from './authorize.ts';

/** Where the viewer's WebSocket ends: from here on the channel speaks with him. Over when he is gone. */
export function channel(parts: EdgeParts): Phase {
  const { channels, films, gate } = parts;
  return async (x): Promise<Step> => {
    const { upgrade, live } = x;
    if (!channels || !films || !gate || !live || x.fromEdge) throw new Fault('UPGRADE_REFUSED');
    const { 'sec-websocket-protocol': offered } = x.request.headers;
    if (!upgrade || !offersProtocol(offered)) throw new Fault('CHANNEL_PROTOCOL_MISSING');
    checkPage(x, films, parts.schemeOf(x));
    const { streamId } = live.object;
    // Before the switch: what comes right behind it finds somebody who listens, or it would be an error of nobody's.
    const policy = await films.assets.find(streamId);
    const giveBack = channels.reserve(parts.trusts(x.ip) ? undefined : x.ip);
    x.onGone(giveBack);
    x.reason = 'tunnelled';
    const gone = new Promise<void>((resolve) => x.onClosed(resolve));
    upgrade.take();
    const socket = acceptViewer(x.request as IncomingMessage, upgrade.socket as Socket, upgrade.head);
    x.switched = socket !== undefined;
    if (socket) channels.join(streamId, socket, admissionOf(x, policy, { films, gate }, parts));
    await gone;
    return 'settle';
  };
}

/**
 * A browser sends cookies whichever page asks, and no answer of ours is needed for the page to go on: so what CORS would
 * keep from it is refused. Without cookies a page has what anybody has.
 */
function checkPage(x: Exchange, films: Films, scheme: string): void {
  const { origin } = x.request.headers;
  if (x.credential?.carrier !== 'cookies' || origin === undefined) return;
  if (origin === `${scheme}://${x.host}` || films.mayBringCredentials(origin)) return;
  throw new Fault('CHANNEL_ORIGIN_REFUSED');
}

/** What of a request its viewer is judged by for as long as he stays. */
function admissionOf(
  x: Exchange,
  policyNow: AccessPolicy,
  { films, gate }: { films: Films; gate: Gate },
  parts: EdgeParts,
): Admission {
  const asked = askedBy(x, parts.schemeOf(x));
  const { streamId } = x.live?.object ?? { streamId: '' };
  let credential = x.credential ?? { carrier: 'none' as const };
  let policy = policyNow;
  const look = () => {
    const known = films.assets.find(streamId);
    if (typeof known === 'string') policy = known;
    else
      void known.then((word) => {
        policy = word;
      });
  };
  const judgeBy = (by: Credential, nowMs: number): Judgement => {
    look();
    if (policy === 'public' && by.carrier !== 'token-path') return { granted: true };
    const now: Asked = { ...asked, nowMs };
    return judge(by, now, gate);
  };
  return {
    address: asked.ip,
    judge: (nowMs) => judgeBy(credential, nowMs),
    renew: (token, nowMs) => {
      const fresh: Credential = { carrier: 'token-bearer', token };
      const verdict = judge(fresh, { ...asked, nowMs }, gate);
      if (verdict.granted) credential = fresh;
      return verdict;
    },
  };
}
