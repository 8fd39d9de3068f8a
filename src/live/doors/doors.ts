import type { Log } from '../../kernel/log.ts';
import type { Desk } from '../seams.ts';
import { RtmpDoor } from './rtmp/door.ts';

export interface DoorsOptions {
  readonly host: string;
  readonly rtmpPort: number;
  readonly desk: Desk;
  readonly log: Log;
}

/** Where publishers are expected, once the doors are open. */
export interface DoorPorts {
  readonly rtmp: number;
}

/** Every way by which a live stream comes in. */
export class Doors {
  readonly #rtmp: RtmpDoor;

  constructor({ host, rtmpPort, desk, log }: DoorsOptions) {
    this.#rtmp = new RtmpDoor({ host, port: rtmpPort, desk, log: log.child({ door: 'rtmp' }) });
  }

  async start(): Promise<DoorPorts> {
    return { rtmp: await this.#rtmp.start() };
  }

  /** Sends every publisher away. */
  async stop(): Promise<void> {
    await this.#rtmp.stop();
  }
}
