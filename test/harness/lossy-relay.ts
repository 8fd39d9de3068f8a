import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';

/** A bad line for datagrams: between one caller and a port, it loses every so many-th of the caller's packets of media. */
export class LossyRelay {
  readonly #near = createSocket('udp4');
  readonly #far = createSocket('udp4');
  readonly #every: number;
  #caller: RemoteInfo | undefined;
  #packets = 0;
  lost = 0;

  private constructor(every: number) {
    this.#every = every;
  }

  static async start(port: number, every: number): Promise<LossyRelay> {
    const relay = new LossyRelay(every);
    relay.#near.bind(0, '127.0.0.1');
    relay.#far.connect(port, '127.0.0.1');
    await Promise.all([once(relay.#near, 'listening'), once(relay.#far, 'connect')]);
    for (const socket of [relay.#near, relay.#far]) socket.on('error', () => {}); // the other end is gone
    relay.#near.on('message', (packet, from) => relay.#fromCaller(packet, from));
    relay.#far.on('message', (packet) => {
      if (relay.#caller) relay.#near.send(packet, relay.#caller.port, relay.#caller.address);
    });
    return relay;
  }

  get port(): number {
    return this.#near.address().port;
  }

  stop(): void {
    this.#near.close();
    this.#far.close();
  }

  #fromCaller(packet: Buffer, from: RemoteInfo): void {
    this.#caller = from;
    if (isMedia(packet)) {
      this.#packets += 1;
      if (this.#packets % this.#every === 0) {
        this.lost += 1;
        return;
      }
    }
    this.#far.send(packet);
  }
}

/** SRT's control packets have the first bit set. */
function isMedia(packet: Buffer): boolean {
  return ((packet[0] ?? 0) & 0x80) === 0;
}
