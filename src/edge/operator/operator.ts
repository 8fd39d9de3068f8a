import type { FastifyInstance } from 'fastify';
import type { Log } from '../../kernel/log.ts';
import { type OperatorParts, operatorApi } from './api.ts';
import { remoteApi } from './remote.ts';
import { OperatorSocket } from './socket.ts';
import type { OperatorToken } from './token.ts';

export interface OperatorOptions extends OperatorParts {
  readonly dataDir: string;
  /** Where the other processes of this edge have their folders; the same without any. */
  readonly commonDir: string;
  /** Undefined where nobody is listened to who is not on this machine. */
  readonly token: OperatorToken | undefined;
  readonly log: Log;
}

/** Where an operator is listened to. */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #socket: OperatorSocket;
  /** What the edge's own port answers to bearers of the token; undefined without one. */
  readonly remote: ((app: FastifyInstance) => Promise<void>) | undefined;

  constructor(options: OperatorOptions) {
    this.#options = options;
    const { dataDir, commonDir, token, log } = options;
    const api = operatorApi(options);
    this.#socket = new OperatorSocket(dataDir, api, log);
    this.remote = token && remoteApi({ token, dataDir, commonDir, api });
  }

  /** From now on no invalidation is missed; those that come wait until what was invalidated before is known. */
  start(): Promise<void> {
    return this.#socket.start(this.#options.invalidations.holdsFolder);
  }

  stop(): Promise<void> {
    return this.#socket.stop();
  }
}
