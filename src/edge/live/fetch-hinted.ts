import { parseLivePath } from '../../kernel/live/paths.ts';
import { Fill } from '../cache/fill.ts';
import type { Exchange } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import { signedFields } from '../phases/fetch.ts';
import { Intake } from '../phases/intake.ts';
import { renditionOf } from './renditions.ts';

/**
 * Asks the origin for what a playlist has hinted, which holds the question until it is there: by the time viewers have read
 * of it and ask, it is here or on its way. An ordinary request, not one ahead of time, since whoever is asked is to wait.
 */
export function fetchHinted(path: string, viewer: Exchange, parts: EdgeParts): void {
  const { tier, disk, fills, clock, origin, edgeId, live } = parts;
  const object = parseLivePath(path);
  if (!object || !tier.isCalm || tier.has(path) || disk?.has(path) || fills.get(path)) return;
  // Asked for on account of everybody who watches.
  const party = { streamId: object.streamId, address: undefined };
  if (!live.held.hasRoom(party)) return;
  live.held.enter(party);
  const fill = new Fill(
    { key: path, startedAtMs: clock.now(), bodiless: false, background: true, ahead: true },
    new Intake(
      {
        ...{ method: 'GET', resource: path, path, part: undefined, headers: {}, alone: false, stale: undefined },
        ...{ live: object, viewer, onEnd: () => live.held.leave(party) },
      },
      parts,
    ),
  );
  fills.take(fill);
  fills.lead(fill);
  const fields = [...signedFields('GET', path, parts), 'CDN-Loop', edgeId];
  const wait = { ms: live.renditions.holdMs(path), mayBeHeld: true };
  fill.begin(origin.send({ method: 'GET', target: path, fields, key: renditionOf(path), wait }, fill));
}
