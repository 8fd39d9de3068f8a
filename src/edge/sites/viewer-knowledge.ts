import type { ViewerKnowledge } from '../../kernel/distribution/viewer-headers.ts';
import type { Exchange } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';

/** What this edge knows of whoever asks, beside what he says himself. */
export function knowledgeOf(x: Exchange, { schemeOf, placeOf }: EdgeParts): ViewerKnowledge {
  const { headers, rawHeaders, httpVersion } = x.request;
  const { port, tls } = x.peer;
  return {
    userAgent: headers['user-agent'],
    address: x.ip,
    // Of a proxy's connection the port says nothing of the viewer.
    port: x.ip === x.peer.ip ? port : undefined,
    place: placeOf(x.ip),
    httpVersion,
    scheme: schemeOf(x) === 'https' ? 'https' : 'http',
    ...(tls ? { tls } : {}),
    rawHeaders,
  };
}
