import { joinTarget } from '../../kernel/access/canonical.ts';
import { Fault } from '../../kernel/errors.ts';
import { writeDirectives } from '../../kernel/live/directives.ts';
import type { Fill } from '../cache/fill.ts';
import type { Entry } from '../cache/memory-tier.ts';
import type { Exchange } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';

/**
 * Gives a reload the name of what answers it, by what the edge knows of the playlist: so there are no more names upstream
 * than there are states, whatever viewers think of. Behind the check of the viewer's grant, since it tells how far a
 * broadcast is. @throws Fault LIVE_DIRECTIVES_INVALID for one that is too far ahead
 */
export function nameState(x: Exchange, { live, tier, fills, clock }: EdgeParts): void {
  const { directives, resource } = x.live ?? {};
  if (directives?.msn === undefined || resource === undefined) return;
  x.resource = resource;
  if (tier.has(resource) || isUnderWay(fills.get(resource))) return;
  const outcome = live.renditions.foresee(x.path, directives, clock.steady());
  if (outcome === undefined) return;
  if (outcome === 'too-far-ahead') throw new Fault('LIVE_DIRECTIVES_INVALID');
  const { inHand, state } = outcome;
  x.resource =
    inHand.find((key) => isFresh(tier.peek(key), x.receivedAtMs)) ?? joinTarget(x.path, writeDirectives(state));
}

function isUnderWay(fill: Fill | undefined): boolean {
  return fill !== undefined && !fill.ended;
}

function isFresh(entry: Entry | undefined, nowMs: number): boolean {
  return entry?.kind === 'object' && entry.isFresh(nowMs);
}
