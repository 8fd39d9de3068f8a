import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { freshFolder } from '../harness/folder.ts';
import { frontrow } from '../harness/frontrow.ts';

const SIZE_BYTES = 200_000;
const ASSET_ID = 'as_k3v9mn2p4q7r8s5t';

/** A tus server that loses its first connection after half of the film and then answers HEAD as it is told. */
class HalfDeafServer {
  readonly requests: string[] = [];
  readonly #server: Server;
  #receivedBytes = 0;
  #hasBroken = false;
  #headAnswers: number[];

  private constructor(headAnswers: number[]) {
    this.#headAnswers = headAnswers;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(...headAnswers: number[]): Promise<HalfDeafServer> {
    const server = new HalfDeafServer(headAnswers);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = '' } = request;
    if (request.url === '/health/live') return void response.end();
    this.requests.push(method);
    response.setHeader('tus-resumable', '1.0.0');
    if (method === 'POST') this.#begin(response);
    else if (method === 'HEAD') this.#answerHead(response);
    else if (method === 'PATCH') this.#receive(request, response);
    else response.end(JSON.stringify({ assetId: ASSET_ID, status: 'queued', playbackUrl: 'http://edge/' }));
  }

  #begin(response: ServerResponse): void {
    this.#receivedBytes = 0;
    response.writeHead(201, { location: `${this.url}/v1/uploads/${ASSET_ID}` }).end();
  }

  #answerHead(response: ServerResponse): void {
    const status = this.#headAnswers.shift() ?? 200;
    response.writeHead(status, { 'upload-offset': this.#receivedBytes, 'upload-length': SIZE_BYTES }).end();
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    request.on('data', (bytes) => {
      this.#receivedBytes += bytes.length;
      if (this.#hasBroken || this.#receivedBytes < SIZE_BYTES / 2) return;
      this.#hasBroken = true;
      request.socket.destroy();
    });
    request.on('end', () => response.writeHead(204, { 'upload-offset': this.#receivedBytes }).end());
  }
}

let server: HalfDeafServer | undefined;
const folder = await freshFolder();
const film = join(folder, 'film.mp4');
writeFileSync(film, Buffer.alloc(SIZE_BYTES));
afterEach(() => {
  server?.stop();
  rmSync(join(folder, 'frontrow'), { recursive: true, force: true });
});

async function upload(...headAnswers: number[]) {
  server = await HalfDeafServer.start(...headAnswers);
  const ended = await frontrow(['upload', film, '--api', server.url, '--token', 't', '--json'], {
    environment: { XDG_CACHE_HOME: folder },
  });
  return { ended, requests: server.requests };
}

test('a server that answers 503 while it restarts costs nothing that was sent', async () => {
  const { ended, requests } = await upload(503, 503);
  expect(ended).toMatchObject({ status: 0, stderr: '' });
  expect(requests).toEqual(['POST', 'PATCH', 'HEAD', 'HEAD', 'HEAD', 'PATCH', 'GET']);
});

test('a token that ended meanwhile is said at once, and the upload is not begun anew', async () => {
  const { ended, requests } = await upload(401);
  expect(ended).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('(UPLOAD_FAILED)') });
  expect(requests).toEqual(['POST', 'PATCH', 'HEAD']);
});

test('an upload that the server has dropped is begun anew', async () => {
  const { ended, requests } = await upload(404);
  expect(ended).toMatchObject({ status: 0 });
  expect(requests.slice(0, 4)).toEqual(['POST', 'PATCH', 'HEAD', 'POST']);
});
