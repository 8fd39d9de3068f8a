import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { dropScratch, makeScratch } from './scratch.ts';

/**
 * One-way byte streams out of ffmpeg, one an output, over Unix sockets in a folder of their own: fluent-ffmpeg gives a
 * process no pipes beyond the standard three. A socket also tells ffmpeg at its next write that its reader has died.
 */
export class ByteStreams {
  readonly #folder: string;
  readonly #servers: readonly Server[];
  /** The one connection of each server; undefined when it was closed before any came. */
  readonly #connected: readonly PromiseWithResolvers<Socket | undefined>[];

  private constructor(folder: string, servers: readonly Server[]) {
    this.#folder = folder;
    this.#servers = servers;
    this.#connected = servers.map((server) => {
      const connected = Promise.withResolvers<Socket | undefined>();
      server.once('connection', (socket) => {
        connected.resolve(socket);
        // One writer is expected; whoever else finds the path gets nothing.
        server.close();
      });
      return connected;
    });
  }

  /** Listens on `count` sockets, whose addresses are the targets. */
  static async open(count: number): Promise<ByteStreams> {
    const folder = await makeScratch();
    const servers = Array.from({ length: count }, () => createServer({ allowHalfOpen: false }));
    try {
      for (const [index, server] of servers.entries()) {
        server.listen(join(folder, String(index)));
        await once(server, 'listening');
      }
      return new ByteStreams(folder, servers);
    } catch (cause) {
      for (const server of servers) server.close();
      await dropScratch(folder);
      throw cause;
    }
  }

  /** ffmpeg's name of output `index`. */
  target(index: number): string {
    return `unix:${join(this.#folder, String(index))}`;
  }

  /** The bytes of output `index`, from its connection to its end; ends without any when `close` comes first. */
  async *read(index: number): AsyncGenerator<Uint8Array> {
    const socket = await this.#connected[index]?.promise;
    if (!socket) return;
    for await (const bytes of socket) yield bytes as Uint8Array;
  }

  /** Ends everything that is still open, and readers that still wait for a connection. */
  async close(): Promise<void> {
    for (const server of this.#servers) server.close();
    for (const each of this.#connected) each.resolve(undefined);
    await dropScratch(this.#folder);
  }
}
