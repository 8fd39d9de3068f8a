import { isIP } from 'node:net';
import type { MediaStreamTrack, RTCPeerConnection } from 'werift';
import { Fault } from '../../../kernel/errors.ts';
import { FORWARDED_TYPE, type RtpTrack, readTracks } from '../../../kernel/live/session-description.ts';
import type { RtpForwarder } from './rtp-forwarder.ts';

/** How often a whole picture is asked for: recordings and viewers begin on one. */
const KEY_FRAME_MS = 2_000;

export type PeerState = 'connected' | 'lost';

/** WebRTC of one publisher; the only door to werift, which is loaded with the first of them. */
export class WhipPeer {
  readonly tracks: readonly RtpTrack[];
  readonly answer: string;
  readonly #connection: RTCPeerConnection;
  readonly #received: MediaStreamTrack[];
  #timer: NodeJS.Timeout | undefined;

  private constructor(connection: RTCPeerConnection, received: MediaStreamTrack[], answer: string) {
    this.#connection = connection;
    this.#received = received;
    this.answer = answer;
    this.tracks = readTracks(answer);
  }

  /**
   * Answers an offer; candidates are of `host` alone, or of every address of this machine where that is all of them.
   * @throws Fault LIVE_MEDIA_REFUSED, INVALID_REQUEST
   */
  static async answering(offer: string, host: string): Promise<WhipPeer> {
    const wanted = readTracks(offer);
    if (wanted.length === 0) throw new Fault('LIVE_MEDIA_REFUSED');
    const connection = await connect(wanted, host);
    const received: MediaStreamTrack[] = [];
    try {
      connection.onTrack.subscribe((track) => received.push(track));
      await connection.setRemoteDescription({ type: 'offer', sdp: offer });
      for (const transceiver of connection.getTransceivers()) transceiver.setDirection('recvonly');
      await connection.setLocalDescription(await connection.createAnswer());
    } catch (cause) {
      await connection.close();
      throw new Fault('INVALID_REQUEST', { says: 'The offer is no session description that can be answered.', cause });
    }
    return new WhipPeer(connection, received, connection.localDescription?.sdp ?? '');
  }

  /** Passes on what arrives; `changed` hears when it begins and when it is over. */
  forward(to: RtpForwarder, changed: (state: PeerState) => void): void {
    for (const track of this.#received) this.#forwardTrack(track, to);
    this.#connection.onTrack.subscribe((track) => this.#forwardTrack(track, to));
    this.#connection.connectionStateChange.subscribe((state) => {
      if (state === 'connected') changed('connected');
      if (state === 'disconnected' || state === 'failed' || state === 'closed') changed('lost');
    });
    this.#timer = setInterval(() => this.#askForKeyFrame(), KEY_FRAME_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#connection.close().catch(() => {}); // it was not open any more
  }

  #forwardTrack(track: MediaStreamTrack, to: RtpForwarder): void {
    const known = this.tracks.find(({ kind }) => kind === track.kind);
    if (!known) return;
    track.onReceiveRtp.subscribe((packet) => {
      if (!known.payloadTypes.includes(packet.header.payloadType)) return;
      packet.header.payloadType = FORWARDED_TYPE[known.kind];
      to.sendRtp(known.kind, packet.serialize());
    });
    track.onReceiveRtcp.subscribe((packet) => {
      if (packet.type === SENDER_REPORT) to.sendRtcp(known.kind, packet.serialize());
    });
    if (known.kind === 'video') this.#askForKeyFrame();
  }

  #askForKeyFrame(): void {
    for (const { receiver } of this.#connection.getTransceivers()) {
      const ssrc = receiver.track.ssrc;
      if (receiver.kind === 'video' && ssrc !== undefined) void receiver.sendRtcpPLI(ssrc).catch(() => {});
    }
  }
}

/** RFC 3550 section 6.4.1. */
const SENDER_REPORT = 200;

async function connect(wanted: readonly RtpTrack[], host: string): Promise<RTCPeerConnection> {
  const { RTCPeerConnection, useH264, useNACK, useOPUS, usePLI, useSdesMid, useTransportWideCC, useTWCC, useVP8 } =
    await import('werift');
  const rtcpFeedback = [useNACK(), usePLI(), useTWCC()];
  const video = wanted.find(({ kind }) => kind === 'video')?.codec === 'H264' ? useH264 : useVP8;
  return new RTCPeerConnection({
    codecs: { video: [video({ rtcpFeedback })], audio: [useOPUS()] },
    headerExtensions: { video: [useSdesMid(), useTransportWideCC()], audio: [useSdesMid(), useTransportWideCC()] },
    iceServers: [], // nobody outside is asked for our address
    ...only(host),
  });
}

/** Candidates of this address and of no other; of all there are where it stands for all. */
function only(host: string) {
  const family = isIP(host);
  if (family === 0 || host === '0.0.0.0' || host === '::') return {};
  const iceInterfaceAddresses = family === 4 ? { udp4: host } : { udp6: host };
  // Said twice, since loopback is left out unless it is asked for.
  return {
    iceInterfaceAddresses,
    iceAdditionalHostAddresses: [host],
    iceUseIpv4: family === 4,
    iceUseIpv6: family === 6,
  };
}
