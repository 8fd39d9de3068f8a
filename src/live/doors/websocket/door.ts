import type { FastifyInstance, FastifyRequest } from 'fastify';
import { normalAddress } from '../../../kernel/address.ts';
import { Fault } from '../../../kernel/errors.ts';
import { isOwnPage } from '../../../kernel/live/browser-ingest.ts';
import { INGEST_PATH } from '../../../kernel/live/paths.ts';
import type { Log } from '../../../kernel/log.ts';
import type { Desk } from '../../seams.ts';
import { Turnstile, type TurnstileLimits } from '../turnstile.ts';
import { IngestConnection, type IngestSocket, type IngestTimes } from './connection.ts';

export interface WebsocketDoorOptions {
  /** Address under which browsers know the listener, where that differs from how they ask for it. */
  readonly publicUrl: string;
  readonly desk: Desk;
  readonly log: Log;
  readonly limits?: TurnstileLimits;
  readonly times?: IngestTimes;
}

const LIMITS: TurnstileLimits = { everybody: 1_000, waiting: 256, waitingPerAddress: 32 };
const TIMES: IngestTimes = { introductionMs: 10_000, idleMs: 15_000 };

/** Where browsers publish what their MediaRecorder writes; what is said is in `src/kernel/live/browser-ingest.ts`. */
export class WebsocketDoor {
  readonly #options: WebsocketDoorOptions;
  readonly #turnstile: Turnstile;
  readonly #connections = new Set<IngestConnection>();

  constructor(options: WebsocketDoorOptions) {
    this.#options = options;
    this.#turnstile = new Turnstile(options.limits ?? LIMITS);
  }

  /** On a listener with @fastify/websocket whose messages may have `LARGEST_CHUNK_BYTES`. */
  mount(app: FastifyInstance): void {
    const onRequest = async (request: FastifyRequest) => this.#check(request);
    app.get(
      INGEST_PATH,
      { websocket: true, config: { rateLimit: false }, schema: { hide: true }, onRequest },
      (socket: IngestSocket, request) => this.#take(socket, request),
    );
  }

  /** Sends every publisher away. */
  stop(): void {
    for (const connection of this.#connections) connection.close('UNAVAILABLE');
  }

  #check(request: FastifyRequest): void {
    if (!request.ws) throw new Fault('NOT_FOUND');
    if (!isOwnPage(request.headers.origin, request.host, this.#options.publicUrl))
      throw new Fault('INGEST_ORIGIN_REFUSED');
  }

  #take(socket: IngestSocket, request: FastifyRequest): void {
    const address = normalAddress(request.ip) ?? '';
    const ticket = this.#turnstile.enter(address);
    if (!ticket) {
      socket.on('error', () => {});
      socket.terminate();
      return;
    }
    const { desk, log, times = TIMES } = this.#options;
    const connection = new IngestConnection({ desk, log, times }, socket, address, ticket);
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
  }
}
