import type { Exchange, Step } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';

/**
 * How often an OPTIONS may still be handed on, as its `Max-Forwards` says; undefined when it does not, or the method is
 * one for which it means nothing. RFC 9110 section 7.6.2.
 */
export function forwardsLeft({ method, request }: Pick<Exchange, 'method' | 'request'>): number | undefined {
  const field = method === 'OPTIONS' ? request.headers['max-forwards'] : undefined;
  return typeof field === 'string' && /^\d{1,9}$/.test(field) ? Number(field) : undefined;
}

/** Answers as the last one on the way: what this server itself has to say about itself. */
export function answerHere(x: Exchange, { edgeId }: EdgeParts): Step {
  const via = ['Via', `1.1 ${edgeId} (Frontrow)`];
  x.reply = { status: 204, fields: ['Server', 'frontrow', ...via, 'X-Frontrow-Id', x.id], body: undefined };
  return 'deliver';
}
