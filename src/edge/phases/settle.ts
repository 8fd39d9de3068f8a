import type { Exchange, Fact } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';

/** Lets go of everything and, once the viewer has the answer or is gone, yields the one fact of this exchange. */
export function settle({ onFact }: EdgeParts): (x: Exchange) => void {
  return (x) => {
    x.reader?.leave();
    x.onDisk?.close();
    const { response } = x;
    // Whole or not at all: a body that broke off must not look finished.
    if (x.fault && x.headSent && !response.writableEnded) response.destroy();
    else if (!response.writableEnded && !x.gone) response.destroy();
    x.onClosed(() => onFact(factOf(x)));
  };
}

function factOf(x: Exchange): Fact {
  const { firstByteAt, startedAt, fault } = x;
  const origin = x.origin ?? x.fill?.origin;
  return {
    id: x.id,
    receivedAtMs: x.receivedAtMs,
    ip: x.ip,
    httpVersion: x.request.httpVersion,
    method: x.method,
    path: x.page?.askedPath ?? x.path,
    status: statusOf(x),
    verdict: x.verdict,
    reason: x.reason,
    bytesSent: x.bytesSent,
    durationMs: performance.now() - startedAt,
    firstByteMs: firstByteAt === undefined ? undefined : firstByteAt - startedAt,
    trail: x.trail,
    ...(fault ? { faultCode: fault.code } : {}),
    ...(x.live?.mayBeHeld ? { held: true as const } : {}),
    ...(origin === undefined ? {} : { origin }),
  };
}

function statusOf(x: Exchange): number {
  if (x.switched) return 101;
  return x.headSent ? x.response.statusCode : 499;
}
