import { type FieldList, withoutMalformed } from '../../kernel/http/fields.ts';
import { withoutHopByHop } from '../../kernel/http/hop-by-hop.ts';
import type { Fill } from '../cache/fill.ts';
import type { Exchange } from '../exchange.ts';

/**
 * Passes on what the origin has said before its answer, to a viewer who waits for that: RFC 9110 section 15.2 has a proxy
 * do so, and none of it is told to a viewer of HTTP/1.0, who would take it for the answer.
 */
export function passOnInterims(x: Exchange, fill: Fill): void {
  while (x.interims < fill.interims.length) {
    const interim = fill.interims[x.interims];
    x.interims += 1;
    if (!interim || x.gone || x.headSent || x.request.httpVersion === '1.0') continue;
    x.response.writeInformation(interim.status, sayable(withoutMalformed(withoutHopByHop(interim.fields))));
  }
}

/** Without lines beyond ASCII, as which node writes these where everything else is Latin-1. */
function sayable(fields: FieldList): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const value = fields[at + 1] ?? '';
    if (/^[\t\x20-\x7e]*$/.test(value)) kept.push(fields[at] ?? '', value);
  }
  return kept;
}
