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

/** `ping` is sent only by hand, to one endpoint, whatever that endpoint listens to. */
export type EventType = AssetEvent | 'ping';
