import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Receiver, receiveSrt } from '../../../ffmpeg/receiver.ts';
import { HANDSHAKE, inductionOf, isAnswerTo, readHandshake, saidAgain } from '../../../kernel/srt/handshake.ts';

/** How often what may have been lost is said again; ffmpeg takes some tenths of a second to listen. */
const AGAIN_MS = 50;

/** A packet, and when it came by `performance.now()`. */
export interface Arrived {
  readonly packet: Uint8Array;
  readonly arrivedMs: number;
}

/**
 * The way from one caller to an ffmpeg of its own. The handshake is done over again in the caller's name, since ffmpeg
 * has another cookie; what follows passes as it is, in both directions.
 */
export class Relay {
  readonly receiver: Receiver;
  readonly #socket: Socket;
  readonly #onPacket: (packet: Buffer) => void;
  #isOpen = false;
  #isOver = false;

  private constructor(receiver: Receiver, socket: Socket, onPacket: (packet: Buffer) => void) {
    this.receiver = receiver;
    this.#socket = socket;
    this.#onPacket = onPacket;
    // Until ffmpeg listens, what is sent to it is refused by the machine.
    socket.on('error', () => {});
  }

  /** `onPacket` hears what ffmpeg says to the caller once the handshake is over. */
  static async start(onPacket: (packet: Buffer) => void): Promise<Relay> {
    const port = await freePort();
    const receiver = await receiveSrt(port);
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Relay(receiver, socket, onPacket);
  }

  /** ffmpeg's answer to the caller's conclusion; undefined when none came in time. */
  async conclude({ packet, arrivedMs }: Arrived, withinMs: number): Promise<Buffer | undefined> {
    const deadline = AbortSignal.timeout(withinMs);
    const induced = await this.#ask(HANDSHAKE.induction, () => inductionOf(packet), deadline);
    const cookie = induced && readHandshake(induced)?.cookie;
    if (cookie === undefined) return undefined;
    const again = () => saidAgain(packet, cookie, performance.now() - arrivedMs);
    const answer = await this.#ask(HANDSHAKE.conclusion, again, deadline);
    if (!answer || readHandshake(answer)?.type !== HANDSHAKE.conclusion) return undefined;
    this.#socket.on('message', (packet) => this.#onPacket(packet));
    this.#isOpen = true;
    return answer;
  }

  send(packet: Uint8Array): void {
    if (this.#isOpen && !this.#isOver) this.#socket.send(packet, ignored);
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.close();
    this.receiver.kill();
  }

  /** Says it again and again until it is answered, ffmpeg is over or it is too late. */
  async #ask(type: number, question: () => Uint8Array, deadline: AbortSignal): Promise<Buffer | undefined> {
    const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
    const say = () => this.#socket.send(question(), ignored);
    const giveUp = () => resolve(undefined);
    const hear = (packet: Buffer) => {
      if (isAnswerTo(type, packet)) resolve(packet);
    };
    const timer = setInterval(say, AGAIN_MS);
    this.#socket.on('message', hear);
    deadline.addEventListener('abort', giveUp);
    void this.receiver.ended.then(giveUp);
    say();
    try {
      return await promise;
    } finally {
      clearInterval(timer);
      this.#socket.off('message', hear);
      deadline.removeEventListener('abort', giveUp);
    }
  }
}

function ignored(): void {}

/** The system gives out ports in turn, so that what was just free is so still when ffmpeg takes it. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
