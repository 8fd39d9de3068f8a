/** What encoders are told, with the stream key where it belongs. Pure; the key is a placeholder until it is asked for. */
import type { IngestAddresses } from '../../api/live-shapes.ts';

export type Door = 'rtmps' | 'rtmp' | 'srt' | 'whip';

export const DOORS: readonly { readonly door: Door; readonly label: string; readonly says: string }[] = [
  { door: 'rtmps', label: 'RTMPS', says: 'Most encoders speak it, and nobody on the way reads the key.' },
  { door: 'rtmp', label: 'RTMP', says: 'Every encoder speaks it. The key is sent as it is.' },
  { door: 'srt', label: 'SRT', says: 'Repairs lost packets: the better choice over a long or shaky line.' },
  { door: 'whip', label: 'WHIP', says: 'WebRTC: the least delay of the three on a good line.' },
];

/** One setting of OBS; `isSecret` ones have the key in them. */
export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly isCopied?: true;
  readonly isSecret?: true;
}

export function obsSettings(door: Door, ingest: IngestAddresses, key: string): readonly Setting[] {
  const address = ingest[door] ?? '';
  const server = (value: string): Setting => ({ name: 'Server', value, isCopied: true });
  const secret = (name: string): Setting => ({ name, value: key, isCopied: true, isSecret: true });
  switch (door) {
    case 'rtmps':
    case 'rtmp':
      return [{ name: 'Service', value: 'Custom…' }, server(address), secret('Stream key'), ...OUTPUT];
    case 'srt':
      // SRT has no field for a key: it is a part of the address.
      return [
        { name: 'Service', value: 'Custom…' },
        { ...server(withStreamId(address, key)), isSecret: true },
        { name: 'Stream key', value: 'leave empty' },
        ...OUTPUT,
      ];
    case 'whip':
      return [{ name: 'Service', value: 'WHIP' }, server(address), secret('Bearer token'), ...OUTPUT];
  }
}

/** Of Settings, Output: without them it works too, later and with another encode. */
const OUTPUT: readonly Setting[] = [
  { name: 'Keyframe interval', value: '2 s' },
  { name: 'B-frames', value: '0, for the least delay' },
];

/** A test picture with a tone, as a line to paste into a shell; undefined where ffmpeg does not speak it. */
export function ffmpegLine(door: Door, ingest: IngestAddresses, key: string): string | undefined {
  const address = ingest[door];
  if (!address || door === 'whip') return undefined;
  const target = door === 'srt' ? `-f mpegts "${withStreamId(address, key)}"` : `-f flv "${address}/${key}"`;
  return [
    'ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30',
    '-re -f lavfi -i sine=r=48000',
    '-c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -b:v 2500k -g 60',
    '-c:a aac -b:a 128k',
    target,
  ].join(' ');
}

function withStreamId(address: string, key: string): string {
  return `${address}${address.includes('?') ? '&' : '?'}streamid=${key}`;
}
