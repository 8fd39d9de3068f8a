import { Fault } from '../../kernel/errors.ts';
import { fieldOf, withoutMalformed } from '../../kernel/http/fields.ts';
import { withoutHopByHop } from '../../kernel/http/hop-by-hop.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import { carry, type SwitchAnswer } from '../tunnel.ts';
import type { Upgrade } from '../viewer.ts';
import { proxyFields, targetFor } from './fetch.ts';

const SWITCH: readonly string[] = ['Connection', 'Upgrade', 'Upgrade', 'websocket'];

/** Has the origin switch to WebSocket, and from then on only carries what the two say to each other. */
export function tunnel(parts: EdgeParts): Phase {
  return async (x) => {
    const { upgrade } = x;
    if (!upgrade) throw new Fault('INTERNAL', { detail: { step: 'tunnel without an upgrade' } });
    x.alone = true;
    const fields = withHandshake(proxyFields(x, parts), x);
    const call = parts.origin.switch({ method: x.method, target: targetFor(x, parts), fields, viewedHost: x.host });
    x.onGone(() => call.abort());
    const answer = await call.answer;
    x.onGone(undefined);
    x.origin = call.origin;
    if (!answer.switched) return decline(x, answer, parts);
    x.reason = 'tunnelled';
    if (x.gone) answer.socket.destroy();
    else await connect(x, upgrade, answer, parts);
    return 'settle';
  };
}

/** What the two need to switch at all goes on whatever a policy says. RFC 6455 section 4.1. */
function withHandshake(fields: string[], { request: { headers } }: Exchange): string[] {
  for (const name of HANDSHAKE) {
    const value = headers[name.toLowerCase()];
    if (value !== undefined && fieldOf(fields, name.toLowerCase()) === undefined) fields.push(name, String(value));
  }
  return [...fields, ...SWITCH];
}

const HANDSHAKE = ['Sec-WebSocket-Key', 'Sec-WebSocket-Version', 'Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions'];

async function connect(
  x: Exchange,
  upgrade: Upgrade,
  answer: Extract<SwitchAnswer, { switched: true }>,
  parts: EdgeParts,
): Promise<void> {
  x.firstByteAt = performance.now();
  upgrade.accept([...cleaned(answer.fields), ...ownFields(x, parts), ...SWITCH]);
  // What either side said in the same breath comes before all that follows.
  if (upgrade.head.length > 0) answer.socket.write(upgrade.head);
  if (answer.head.length > 0) upgrade.socket.write(answer.head);
  const carried = await carry(upgrade.socket, answer.socket, parts.settings.edgeTunnelIdleMs);
  x.bytesSent = answer.head.length + carried;
}

/** The origin's own refusal, such as 426 or 401, is the viewer's to hear. */
function decline(x: Exchange, answer: Extract<SwitchAnswer, { switched: false }>, parts: EdgeParts): Step {
  const { status, body } = answer;
  const fields = [...cleaned(answer.fields), ...ownFields(x, parts), 'Content-Length', String(body.length)];
  x.reply = { status, fields, body };
  x.reason = 'method';
  return 'deliver';
}

function cleaned(fields: readonly string[]): string[] {
  const kept = withoutMalformed(withoutHopByHop(fields));
  return kept.filter((_, at) => (kept[at - (at % 2)] ?? '').toLowerCase() !== 'content-length');
}

function ownFields(x: Exchange, { edgeId }: EdgeParts): string[] {
  return ['Via', `1.1 ${edgeId} (Frontrow)`, 'X-Frontrow-Id', x.id];
}
