import type { FastifyInstance } from 'fastify';
import type { Log } from '../../kernel/log.ts';
import type { Desk } from '../seams.ts';
import { RtmpDoor } from './rtmp/door.ts';
import { SrtDoor } from './srt/door.ts';
import { WebsocketDoor } from './websocket/door.ts';
import { WhipDoor } from './whip/door.ts';

export interface DoorsOptions {
  readonly settings: {
    readonly host: string;
    readonly rtmpPort: number;
    readonly rtmpsPort: number;
    /** Folder of certificates; '' for no RTMPS. */
    readonly rtmpsCerts: string;
    readonly srtPort: number;
    /** '' where nobody encrypts. */
    readonly srtPassphrase: string;
    readonly publicUrl: string;
  };
  readonly desk: Desk;
  readonly log: Log;
}

/** Where publishers are expected, once the doors are open. */
export interface DoorPorts {
  readonly rtmp: number;
  /** Undefined without certificates. */
  readonly rtmps: number | undefined;
  readonly srt: number;
}

/** Every way by which a live stream comes in: `mount` before the listener listens, `start`, `stop` in the end. */
export class Doors {
  readonly #rtmp: RtmpDoor;
  readonly #rtmps: RtmpDoor | undefined;
  readonly #srt: SrtDoor;
  readonly #websocket: WebsocketDoor;
  readonly #whip: WhipDoor;

  constructor({ settings, desk, log }: DoorsOptions) {
    const {
      host,
      rtmpPort,
      rtmpsPort,
      rtmpsCerts: certificates,
      srtPort,
      srtPassphrase: passphrase,
      publicUrl,
    } = settings;
    this.#rtmp = new RtmpDoor({ host, port: rtmpPort, desk, log: log.child({ door: 'rtmp' }) });
    if (certificates !== '') {
      this.#rtmps = new RtmpDoor({ host, port: rtmpsPort, certificates, desk, log: log.child({ door: 'rtmps' }) });
    }
    this.#srt = new SrtDoor({ host, port: srtPort, passphrase, desk, log: log.child({ door: 'srt' }) });
    this.#websocket = new WebsocketDoor({ publicUrl, desk, log: log.child({ door: 'websocket' }) });
    this.#whip = new WhipDoor({ host, desk, log: log.child({ door: 'whip' }) });
  }

  /** On a listener with @fastify/websocket whose messages may have `LARGEST_CHUNK_BYTES`: control's, or one of its own. */
  mount(app: FastifyInstance): void {
    this.#websocket.mount(app);
    this.#whip.mount(app);
  }

  async start(): Promise<DoorPorts> {
    // First what a setting that cannot be used would stop.
    const rtmps = await this.#rtmps?.start();
    return { rtmp: await this.#rtmp.start(), rtmps, srt: await this.#srt.start() };
  }

  /** Sends every publisher away. */
  async stop(): Promise<void> {
    this.#websocket.stop();
    this.#whip.stop();
    await Promise.all([this.#rtmp.stop(), this.#rtmps?.stop(), this.#srt.stop()]);
  }
}
