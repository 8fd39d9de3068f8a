import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Receiver, receiveRtp } from '../../../ffmpeg/receiver.ts';
import { type RtpTrack, writeRtpDescription } from '../../../kernel/live/session-description.ts';

type Kind = RtpTrack['kind'];

/** Hands RTP of one publisher to an ffmpeg of its own. */
export class RtpForwarder {
  readonly receiver: Receiver;
  readonly #ports: ReadonlyMap<Kind, number>;
  readonly #socket: Socket;
  #isOver = false;

  private constructor(receiver: Receiver, ports: ReadonlyMap<Kind, number>, socket: Socket) {
    this.receiver = receiver;
    this.#ports = ports;
    this.#socket = socket;
    socket.on('error', () => {}); // ffmpeg is not there yet, or no longer
  }

  static async start(tracks: readonly RtpTrack[]): Promise<RtpForwarder> {
    const ports = new Map<Kind, number>();
    for (const { kind } of tracks) ports.set(kind, await freePair());
    const description = writeRtpDescription(tracks.map((track) => ({ ...track, port: ports.get(track.kind) ?? 0 })));
    const receiver = await receiveRtp(description);
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new RtpForwarder(receiver, ports, socket);
  }

  sendRtp(kind: Kind, packet: Uint8Array): void {
    this.#send(this.#ports.get(kind), packet);
  }

  /** Sender reports, by which sound and picture are held together. */
  sendRtcp(kind: Kind, packet: Uint8Array): void {
    this.#send((this.#ports.get(kind) ?? -1) + 1, packet);
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.close();
    this.receiver.kill();
  }

  #send(port: number | undefined, packet: Uint8Array): void {
    if (port && !this.#isOver) this.#socket.send(packet, port, '127.0.0.1', () => {}); // lost, as datagrams are
  }
}

/** An even port for RTP that is free, with the next one for RTCP. */
async function freePair(): Promise<number> {
  for (;;) {
    const first = await bound(0);
    const { port = 0 } = first?.address() ?? {};
    const second = port % 2 === 0 ? await bound(port + 1) : undefined;
    first?.close();
    second?.close();
    if (second) return port;
  }
}

async function bound(port: number): Promise<Socket | undefined> {
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  try {
    await once(socket, 'listening');
    return socket;
  } catch {
    return undefined; // somebody else has it
  }
}
