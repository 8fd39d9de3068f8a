import type { Log } from '../../kernel/log.ts';
import { type OperatorParts, operatorApi } from './api.ts';
import { OperatorSocket } from './socket.ts';

export interface OperatorOptions extends OperatorParts {
  readonly dataDir: string;
  readonly log: Log;
}

/** Where an operator is listened to. */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #socket: OperatorSocket;

  constructor(options: OperatorOptions) {
    this.#options = options;
    const { dataDir, log } = options;
    this.#socket = new OperatorSocket(dataDir, operatorApi(options), log);
  }

  /** From now on no invalidation is missed; those that come wait until what was invalidated before is known. */
  start(): Promise<void> {
    return this.#socket.start(this.#options.invalidations.holdsFolder);
  }

  stop(): Promise<void> {
    return this.#socket.stop();
  }
}
