import type { ViewerProtocolPolicy } from '../../kernel/distribution/model.ts';
import { judgeProtocol, redirectionFor } from '../../kernel/distribution/viewer-protocol.ts';
import { Fault } from '../../kernel/errors.ts';
import type { Exchange, Reply } from '../exchange.ts';
import type { EdgeParts, EdgeSettings } from '../parts.ts';
import { identified } from './reply-fields.ts';

/** What a viewer without TLS is told where the behaviour wants it. @throws Fault HTTPS_REQUIRED */
export function redirectToHttps(x: Exchange, policy: ViewerProtocolPolicy, parts: EdgeParts): Reply {
  const { method, host, request } = x;
  const status = judgeProtocol(policy, { scheme: 'http', method, httpVersion: request.httpVersion, host });
  if (status !== 301 && status !== 307) throw new Fault('HTTPS_REQUIRED');
  const { location, contentType, body } = redirectionFor(
    status,
    host,
    viewedTarget(x),
    httpsPortFor(host, parts.settings),
  );
  const fields = [
    ...['Content-Type', contentType, 'Content-Length', String(body.length), 'Location', location],
    ...['Server', 'frontrow', 'Via', `1.1 ${parts.edgeId} (Frontrow)`, 'X-Cache', 'Redirect from frontrow'],
  ];
  return { status, fields: identified(x, fields, parts), body: method === 'HEAD' ? undefined : Buffer.from(body) };
}

const HTTPS = 443;

/**
 * Who names the port of the edge in the clear has come to the edge itself and is led to its port for TLS; who names none has come
 * by whatever forwards 80, which forwards 443 as well.
 */
export function httpsPortFor(host: string, settings: Pick<EdgeSettings, 'edgeTlsCerts' | 'edgeTlsPort'>): number {
  const { edgeTlsCerts, edgeTlsPort } = settings;
  const isOwn = /:\d+$/.test(host) && edgeTlsCerts !== '' && edgeTlsPort !== 0;
  return isOwn ? edgeTlsPort : HTTPS;
}

/** Path and query as the viewer wrote them. */
function viewedTarget({ target, rootObject }: Exchange): string {
  return rootObject === undefined ? target : `/${target.slice(rootObject.length)}`;
}
