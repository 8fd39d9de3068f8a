import { splitTarget } from '../../kernel/access/canonical.ts';
import { Fill } from '../cache/fill.ts';
import type { Exchange } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import { knownOf } from '../sites/viewer-knowledge.ts';
import { AHEAD, proxyFields, REPLACED_AHEAD, signedFields, viewerFields } from './fetch.ts';
import { Intake } from './intake.ts';

/**
 * Fetches a file that no viewer has asked for yet, as the one would who is going to. Whoever asks meanwhile joins. What is
 * asked for with `Authorization` is left to its viewer: nobody else may have it, as a rule.
 */
export function fetchAhead(name: string, viewer: Exchange, parts: EdgeParts, onEnd: (stored: boolean) => void): void {
  const isFilm = parts.mode === 'film';
  if (!isFilm && viewer.request.headers.authorization !== undefined) {
    onEnd(false);
    return;
  }
  const headers = isFilm ? {} : viewer.request.headers;
  const told = toldAhead(viewer, parts);
  const { key, path, target } = isFilm ? { key: name, path: name, target: name } : aheadOf(name, viewer, told, parts);
  const fill = new Fill(
    { key, startedAtMs: parts.clock.now(), bodiless: false, background: true, ahead: true },
    new Intake(
      {
        ...{ method: 'GET', resource: key, path, part: undefined, headers, alone: false, live: undefined },
        ...{ stale: undefined, viewer, onEnd },
      },
      parts,
    ),
  );
  parts.fills.take(fill);
  parts.fills.lead(fill);
  const fields = isFilm ? signedFields('GET', key, parts) : proxyFields(viewer, parts, REPLACED_AHEAD, told);
  if (isFilm) fields.push('CDN-Loop', parts.edgeId);
  fields.push(...AHEAD);
  const viewedHost = isFilm ? undefined : viewer.host;
  fill.begin(parts.origin.send({ method: 'GET', target, fields, viewedHost, key }, fill));
}

/** What a viewer who asks for this will want, by the name that prefetching has for it. */
function aheadOf(
  name: string,
  viewer: Exchange,
  told: Exchange['told'],
  { naming, behavior }: EdgeParts,
): { key: string; path: string; target: string } {
  const { path, query } = splitTarget(naming.targetOf(name));
  const rules = behavior?.rules;
  if (!rules) return { key: name, path, target: name };
  const asked = { ...viewerFields(viewer), method: 'GET', query };
  const { query: sent } = rules.originRequest(asked, told);
  return {
    key: rules.keyOf({ ...asked, path, added: told }),
    path,
    target: sent === '' ? path : `${path}?${sent}`,
  };
}

/** The key under which that is stored. */
export function aheadKey(name: string, viewer: Exchange, parts: EdgeParts): string {
  const { naming, behavior } = parts;
  if (!behavior?.rules) return name;
  const asked = { ...splitTarget(naming.targetOf(name)), method: 'GET', headers: viewer.request.headers };
  return behavior.rules.keyOf({ ...asked, added: toldAhead(viewer, parts) });
}

/** It may fall under another behaviour than what its viewer has asked for. */
function toldAhead(viewer: Exchange, parts: EdgeParts): Exchange['told'] {
  const rules = parts.behavior?.rules;
  return rules?.tellsViewers ? knownOf(viewer, rules, parts) : viewer.told;
}
