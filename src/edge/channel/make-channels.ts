import type { EdgeOptions } from '../edge-options.ts';
import type { EdgeSigner } from '../signer.ts';
import { Channels } from './channels.ts';

/**
 * Channels go straight to the origin, past parent edges: of each there is one connection an edge, and every hop would add
 * to a delay that viewers came here to avoid.
 */
export function makeChannels(options: EdgeOptions, signer: EdgeSigner): Channels {
  const { originUrls, settings, clock, log } = options;
  return new Channels({
    urls: originUrls,
    fields: (method, target) => signer.fields(method, target),
    clock,
    log: log.child({ part: 'channels' }),
    maxViewers: settings.edgeChannelViewers,
    maxPerAddress: settings.edgeChannelViewersPerAddress,
  });
}
