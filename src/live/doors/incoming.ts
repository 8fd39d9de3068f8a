import { Readable } from 'node:stream';
import type { FaultCode } from '../../kernel/errors.ts';
import type { DoorName, Publisher } from '../seams.ts';

export interface IncomingOptions {
  readonly door: DoorName;
  readonly address: string;
  readonly container: Publisher['container'];
  /** The reader wants more, after `push` said that it is full. */
  resume(): void;
  /** The reader has had enough: with a reason to be told to the publisher, or without. */
  dismiss(reason?: FaultCode): void;
}

/** How much waits for an encoder that is slow, before the publisher is held up. */
const WAITING_BYTES = 2 * 1024 * 1024;

/** A publisher as the rest of the live role sees it, fed by a door. */
export class Incoming implements Publisher {
  readonly door: DoorName;
  readonly address: string;
  readonly container: Publisher['container'];
  readonly bytes: Readable;
  readonly gone: Promise<'finished' | 'lost'>;
  readonly #options: IncomingOptions;
  readonly #leave: (how: 'finished' | 'lost') => void;
  #isOver = false;

  constructor(options: IncomingOptions) {
    this.#options = options;
    this.door = options.door;
    this.address = options.address;
    this.container = options.container;
    const { promise, resolve } = Promise.withResolvers<'finished' | 'lost'>();
    this.gone = promise;
    this.#leave = resolve;
    this.bytes = new Readable({
      highWaterMark: WAITING_BYTES,
      read: () => options.resume(),
      destroy: (_cause, done) => {
        this.#dismiss();
        done(null); // whatever it is destroyed with: a reader that has had enough is no error
      },
    });
  }

  /** False when it is full: send nothing until `resume`. */
  push(bytes: Uint8Array): boolean {
    return this.#isOver || this.bytes.push(bytes);
  }

  /** The publisher is gone; what it sent can still be read. */
  end(how: 'finished' | 'lost'): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.bytes.push(null);
    this.#leave(how);
  }

  close(reason: FaultCode): void {
    this.#dismiss(reason);
  }

  #dismiss(reason?: FaultCode): void {
    if (this.#isOver) return;
    this.end('lost');
    this.#options.dismiss(reason);
  }
}
