import type { FastifyInstance } from 'fastify';
import type { Log } from '../../kernel/log.ts';
import type { Desk } from '../seams.ts';
import { RtmpDoor } from './rtmp/door.ts';
import { WebsocketDoor } from './websocket/door.ts';

export interface DoorsOptions {
  readonly settings: {
    readonly host: string;
    readonly rtmpPort: number;
    readonly publicUrl: string;
  };
  readonly desk: Desk;
  readonly log: Log;
}

/** Where publishers are expected, once the doors are open. */
export interface DoorPorts {
  readonly rtmp: number;
}

/** Every way by which a live stream comes in: `mount` before the listener listens, `start`, `stop` in the end. */
export class Doors {
  readonly #rtmp: RtmpDoor;
  readonly #websocket: WebsocketDoor;

  constructor({ settings, desk, log }: DoorsOptions) {
    const { host, rtmpPort, publicUrl } = settings;
    this.#rtmp = new RtmpDoor({ host, port: rtmpPort, desk, log: log.child({ door: 'rtmp' }) });
    this.#websocket = new WebsocketDoor({ publicUrl, desk, log: log.child({ door: 'websocket' }) });
  }

  /** On a listener with @fastify/websocket whose messages may have `LARGEST_CHUNK_BYTES`: control's, or one of its own. */
  mount(app: FastifyInstance): void {
    this.#websocket.mount(app);
  }

  async start(): Promise<DoorPorts> {
    return { rtmp: await this.#rtmp.start() };
  }

  /** Sends every publisher away. */
  async stop(): Promise<void> {
    this.#websocket.stop();
    await this.#rtmp.stop();
  }
}
