import { REFUSAL_STATUS, REFUSAL_TYPE, refusalBody } from '../../kernel/access/refusal.ts';
import { FAULTS, type Fault } from '../../kernel/errors.ts';
import { writeCacheStatus } from '../../kernel/http/cache-status.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Reply, Step } from '../exchange.ts';
import { standIn } from '../live/stand-in.ts';
import type { EdgeParts } from '../parts.ts';
import { corsFieldsFor } from './cors.ts';
import { goForPage } from './error-page.ts';
import { identified } from './reply-fields.ts';

/** Serves around a failed origin where there is a copy, otherwise answers with an error. */
export function refuse(parts: EdgeParts): Phase {
  return (x) => {
    const fault = x.fault;
    if (!fault || x.gone) return 'settle';
    if (fault.side === 'upstream') {
      if (!mayServeStale(x, parts)) x.stale = standIn(x, parts);
      if (x.stale) return serveStale(x);
    }
    const page = goForPage(x, fault.status, parts);
    if (page) return page;
    if (fault.side === 'ours') parts.log.error({ id: x.id, path: x.path, err: fault }, 'exchange failed');
    x.verdict = 'bypass';
    x.reason = fault.side === 'viewer' ? 'refused' : 'origin-failed';
    x.reply = x.refusalCode ? refusal(x, x.refusalCode, parts) : errorReply(x, fault, parts);
    return 'deliver';
  };
}

export function mayServeStale(x: Exchange, { clock, tier }: EdgeParts): boolean {
  const mayKnow = !x.alone || x.method === 'HEAD';
  // Who asked for a copy that was just renewed is not given one that could not be.
  if (x.reason === 'asked-anew') return false;
  // Invalidated while the origin was asked about it, it is not served whatever the origin does.
  return mayKnow && x.stale !== undefined && tier.stands(x.stale) && x.stale.mayServeOnError(clock.now());
}

export function serveStale(x: Exchange): Step {
  x.reader?.leave();
  x.reader = undefined;
  x.fill = undefined;
  x.object = x.stale;
  x.verdict = 'stale';
  x.reason = 'origin-failed';
  return 'shape';
}

/** CloudFront's form, so that clients written for it understand. */
function refusal(x: Exchange, code: Parameters<typeof refusalBody>[0], parts: EdgeParts): Reply {
  return reply(x, REFUSAL_STATUS, REFUSAL_TYPE, refusalBody(code), parts);
}

function errorReply(x: Exchange, fault: Fault, parts: EdgeParts): Reply {
  const body = {
    type: `/docs/errors#${fault.code}`,
    title: FAULTS[fault.code].says,
    status: fault.status,
    code: fault.code,
    exchangeId: x.id,
  };
  const made = reply(x, fault.status, 'application/problem+json', JSON.stringify(body), parts);
  if (fault.code === 'METHOD_NOT_ALLOWED') made.fields.push('Allow', ALLOWED[parts.mode]);
  if (fault.retryAfterSeconds !== undefined) made.fields.push('Retry-After', String(fault.retryAfterSeconds));
  return made;
}

const ALLOWED: Readonly<Record<EdgeParts['mode'], string>> = {
  film: 'GET, HEAD, OPTIONS',
  proxy: 'GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE',
};

function reply(x: Exchange, status: number, type: string, text: string, parts: EdgeParts): Reply {
  const { films, edgeId } = parts;
  const body = Buffer.from(text);
  const fields = [
    'Content-Type',
    type,
    'Content-Length',
    String(body.length),
    'Cache-Control',
    'no-store',
    'Server',
    'frontrow',
    'Via',
    `1.1 ${edgeId} (Frontrow)`,
    'X-Cache',
    'Error from frontrow',
    'Cache-Status',
    writeCacheStatus('frontrow', { detail: x.reason }),
    ...corsFieldsFor(x, films),
  ];
  return { status, fields: identified(x, fields, parts), body: x.method === 'HEAD' ? undefined : body };
}
