/** What may happen to an asset that others are told of. The names are promises: endpoints branch on them. */
export const ASSET_EVENTS = [
  'asset.created',
  'asset.playable',
  'asset.ready',
  'asset.errored',
  'asset.reencoded',
  'asset.encoding_failed',
  'asset.deleted',
] as const;

export type AssetEvent = (typeof ASSET_EVENTS)[number];

/** The same of a live stream. `unhealthy` tells of its source, and `recovered` that nothing is wrong with it any more. */
export const LIVE_EVENTS = [
  'live.started',
  'live.reconnected',
  'live.ended',
  'live.unhealthy',
  'live.recovered',
] as const;

export type LiveEvent = (typeof LIVE_EVENTS)[number];

/** What an endpoint may listen to. */
export const EVENTS = [...ASSET_EVENTS, ...LIVE_EVENTS] as const;

export type WebhookEvent = (typeof EVENTS)[number];

/** `ping` is sent only by hand, to one endpoint, whatever that endpoint listens to. */
export type EventType = WebhookEvent | 'ping';
