import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { EDGE_SOCKET, isSocketPath } from '../../config/edge-operator.ts';
import type { Log } from '../../kernel/log.ts';

/** Nobody but the edge's own user. */
const UMASK = 0o177;

/** More than the edge's own port takes: questions that come there are passed on here. */
const HEAD_BYTES = 131_072;

/** The socket in the data folder by which an operator talks to this process. */
export class OperatorSocket {
  readonly #folder: string;
  readonly #app: FastifyInstance;
  readonly #log: Log;
  #server: Server | undefined;

  constructor(folder: string, app: FastifyInstance, log: Log) {
    this.#folder = folder;
    this.#app = app;
    this.#log = log;
  }

  /**
   * Listens, in the place of whatever a process that is gone left there. An edge that cannot goes on without, and says why.
   * @param isOwner whether this process has the folder; another one listens beside it under a name of its own
   */
  async start(isOwner: boolean): Promise<void> {
    const path = join(this.#folder, isOwner ? EDGE_SOCKET : `edge-${process.pid}.sock`);
    if (!isSocketPath(path)) {
      this.#log.warn({ path }, 'no invalidations by socket: the path of the data folder is too long for one');
      return;
    }
    await this.#app.ready();
    const server = createServer({ maxHeaderSize: HEAD_BYTES }, (request, response) =>
      this.#app.routing(request, response),
    );
    try {
      await rm(path, { force: true });
      await listen(server, path);
      this.#server = server;
    } catch (cause) {
      this.#log.warn({ path, err: cause }, 'no invalidations by socket: it cannot be listened on');
    }
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
}

/** The file is made in this turn, and with it its mode; a mode set afterwards would come a moment late. */
async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  const before = process.umask(UMASK);
  try {
    server.listen(path, resolve);
  } finally {
    process.umask(before);
  }
  await promise;
  server.off('error', reject);
}
