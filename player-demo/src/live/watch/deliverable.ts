import { DELIVERIES, type Delivery } from '../deliveries.ts';
import { ChannelPlayer } from './channel-player.ts';
import { HlsLive } from './hls-live.ts';

/** Without Media Source a browser plays playlists by itself and in its own way: there is nothing to choose then. */
export function deliverable(hasChannel: boolean): readonly Delivery[] {
  if (!HlsLive.isSupported()) return ['ll-hls'];
  return DELIVERIES.filter((one) => one !== 'channel' || (hasChannel && ChannelPlayer.isSupported()));
}
