/**
 * Session descriptions (SDP, RFC 8866) of a publisher by WHIP: which codecs an offer allows, and what ffmpeg is told of
 * the RTP that it gets.
 */
export type RtpCodec = 'H264' | 'VP8' | 'opus';

export interface RtpTrack {
  readonly kind: 'video' | 'audio';
  readonly codec: RtpCodec;
  /** By which the publisher marks packets of this codec; others are left out. */
  readonly payloadTypes: readonly number[];
}

const CODECS: Readonly<Record<string, { readonly kind: 'video' | 'audio'; readonly codec: RtpCodec }>> = {
  h264: { kind: 'video', codec: 'H264' },
  vp8: { kind: 'video', codec: 'VP8' },
  opus: { kind: 'audio', codec: 'opus' },
};

/** The first codec of each kind that is read here, in the order in which a description prefers them. */
export function readTracks(description: string): RtpTrack[] {
  const media = description.split(/^(?=m=)/m);
  const tracks = media.map(readMedia).filter((track) => track !== undefined);
  return tracks.filter((track, index) => tracks.findIndex(({ kind }) => kind === track.kind) === index);
}

function readMedia(section: string): RtpTrack | undefined {
  const [, port = '0', types = ''] = /^m=\w+ (\d+) \S+ ([\d ]+)/.exec(section) ?? [];
  if (port === '0') return undefined;
  const names = new Map([...section.matchAll(/^a=rtpmap:(\d+) ([^/\s]+)/gm)].map(([, type, name]) => [type, name]));
  const codecs = types.split(' ').flatMap((type) => {
    const known = CODECS[names.get(type)?.toLowerCase() ?? ''];
    return known ? [{ ...known, type: Number(type) }] : [];
  });
  const [first] = codecs;
  if (!first) return undefined;
  const payloadTypes = codecs.filter(({ codec }) => codec === first.codec).map(({ type }) => type);
  return { kind: first.kind, codec: first.codec, payloadTypes };
}

/** Payload types by which packets reach ffmpeg, whatever they were before. */
export const FORWARDED_TYPE = { video: 96, audio: 97 } as const;

const CLOCK: Readonly<Record<RtpCodec, string>> = { H264: 'H264/90000', VP8: 'VP8/90000', opus: 'opus/48000/2' };

/** What ffmpeg reads: RTP on a port of the loopback interface for each track, with RTCP on the next one. */
export function writeRtpDescription(tracks: readonly (RtpTrack & { readonly port: number })[]): string {
  const media = tracks.flatMap(({ kind, codec, port }) => [
    `m=${kind} ${port} RTP/AVP ${FORWARDED_TYPE[kind]}`,
    `a=rtpmap:${FORWARDED_TYPE[kind]} ${CLOCK[codec]}`,
    ...(codec === 'H264' ? [`a=fmtp:${FORWARDED_TYPE[kind]} packetization-mode=1`] : []),
  ]);
  const head = ['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'];
  return [...head, ...media, ''].join('\r\n');
}
