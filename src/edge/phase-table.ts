import type { PhaseTable } from './drive.ts';
import type { EdgeParts } from './parts.ts';
import { admit } from './phases/admit.ts';
import { authorize } from './phases/authorize.ts';
import { channel } from './phases/channel.ts';
import { deliver } from './phases/deliver.ts';
import { fetch } from './phases/fetch.ts';
import { join } from './phases/join.ts';
import { lookup } from './phases/lookup.ts';
import { receive } from './phases/receive.ts';
import { refuse } from './phases/refuse.ts';
import { route } from './phases/route.ts';
import { settle } from './phases/settle.ts';
import { shape } from './phases/shape.ts';
import { tunnel } from './phases/tunnel.ts';

/** How requests go through an edge that is made of these parts. */
export function phasesOf(parts: EdgeParts): PhaseTable {
  return {
    receive: receive(parts),
    route: route(parts),
    authorize: authorize(parts),
    lookup: lookup(parts),
    tunnel: tunnel(parts),
    channel: channel(parts),
    join: join(parts),
    fetch: fetch(parts),
    admit: admit(parts),
    shape: shape(parts),
    deliver: deliver(parts),
    refuse: refuse(parts),
    settle: settle(parts),
  };
}
