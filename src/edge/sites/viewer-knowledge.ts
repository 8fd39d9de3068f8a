import type { ViewerKnowledge } from '../../kernel/distribution/viewer-headers.ts';
import type { Exchange } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import type { OriginRules } from './behavior.ts';

/** What the origin is told of whoever asks; of another edge's viewer by that edge, which he asked himself. */
export function knownOf(x: Exchange, rules: OriginRules, parts: EdgeParts): ReadonlyMap<string, string> {
  return x.fromEdge ? rules.handedOn(x.request.headers) : rules.added(knowledgeOf(x, parts));
}

/** What this edge knows of whoever asks, beside what he says himself. */
function knowledgeOf(x: Exchange, { schemeOf, placeOf }: EdgeParts): ViewerKnowledge {
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
