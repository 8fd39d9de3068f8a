import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import type { AssetBody, TestServer } from './server.ts';
import { ffmpegTool } from './transcode-scenario.ts';

/**
 * A film of so many seconds, at 4 Mbit/s whatever its pictures show, so that half of its bytes are half of its time. The
 * pictures are small, and what fills the rate is nothing that anybody decodes.
 */
export async function steadyFilm(seconds: number, index: 'first' | 'last'): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-clips-'));
  const path = join(folder, 'film.mp4');
  const inputs = ['-f', 'lavfi', '-i', `testsrc2=size=96x54:rate=25:duration=${seconds}`];
  const tone = ['-f', 'lavfi', '-i', `sine=sample_rate=48000:duration=${seconds}`];
  const rate = ['-b:v', '4M', '-minrate', '4M', '-maxrate', '4M', '-bufsize', '4M', '-x264-params', 'nal-hrd=cbr'];
  const picture = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-bf', '2', ...rate];
  const place = index === 'first' ? ['-movflags', '+faststart'] : [];
  try {
    await ffmpegTool(...inputs, ...tone, ...picture, '-c:a', 'aac', ...place, path);
    return await readFile(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A resumable upload that sends as many bytes as a test wants. */
export class EarlyUpload {
  readonly id: string;
  readonly #bytes: Buffer;

  private constructor(id: string, bytes: Buffer) {
    this.id = id;
    this.#bytes = bytes;
  }

  static async begin(server: TestServer, bytes: Buffer, metadata: Record<string, string> = {}): Promise<EarlyUpload> {
    const said = Object.entries(metadata).map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`);
    const created = await fetch(`${server.run.control}/v1/uploads`, {
      method: 'POST',
      headers: {
        ...headers(server),
        'upload-length': String(bytes.length),
        ...(said.length > 0 ? { 'upload-metadata': said.join(',') } : {}),
      },
    });
    return new EarlyUpload(created.headers.get('location')?.split('/').at(-1) ?? '', bytes);
  }

  /** The answer's status. */
  async send(server: TestServer, from: number, to: number): Promise<number> {
    const answer = await fetch(this.#url(server), {
      method: 'PATCH',
      headers: { ...headers(server), 'upload-offset': `${from}`, 'content-type': 'application/offset+octet-stream' },
      body: new Uint8Array(this.#bytes.subarray(from, to)),
    });
    return answer.status;
  }

  /** Sends the end of a file ahead, by default this one's own from `startByte` on. */
  async sendTail(server: TestServer, startByte: number, tail = this.#bytes.subarray(startByte)): Promise<Response> {
    const range = `bytes ${startByte}-${startByte + tail.length - 1}/${this.#bytes.length}`;
    return fetch(`${this.#url(server)}/tail`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${server.run.adminToken}`, 'content-range': range },
      body: new Uint8Array(tail),
    });
  }

  async offset(server: TestServer): Promise<number> {
    const answer = await fetch(this.#url(server), { method: 'HEAD', headers: headers(server) });
    return Number(answer.headers.get('upload-offset'));
  }

  /** The answer's status. */
  async terminate(server: TestServer): Promise<number> {
    return (await fetch(this.#url(server), { method: 'DELETE', headers: headers(server) })).status;
  }

  #url(server: TestServer): string {
    return `${server.run.control}/v1/uploads/${this.id}`;
  }
}

function headers(server: TestServer) {
  return { authorization: `Bearer ${server.run.adminToken}`, 'tus-resumable': '1.0.0' };
}

/** One segment of the lowest rung, as a player finds it. */
export async function fetchSegment(asset: AssetBody, index: number): Promise<{ status: number; bytes: Buffer }> {
  const { urls } = await lowestRung(asset);
  const answer = await fetch(urls[index] ?? '');
  return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) };
}

/** The lowest rung as one file. */
export async function fetchRung(asset: AssetBody): Promise<Buffer> {
  const { init, urls } = await lowestRung(asset);
  const parts = await Promise.all([init, ...urls].map(async (url) => (await fetch(url)).arrayBuffer()));
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

async function lowestRung({ playbackUrl }: AssetBody): Promise<{ init: URL; urls: URL[] }> {
  const master = parsePlaylist(await (await fetch(playbackUrl)).text());
  if (master?.kind !== 'multivariant') throw new Error('no playlist');
  const [variant] = master.variants.toSorted((one, other) => one.bandwidthBps - other.bandwidthBps);
  const playlistUrl = new URL(variant?.uri ?? '', playbackUrl);
  const media = parsePlaylist(await (await fetch(playlistUrl)).text());
  if (media?.kind !== 'media') throw new Error('no media playlist');
  const urls = media.segments.map(({ uri }) => new URL(uri, playlistUrl));
  return { init: new URL(media.initUri ?? '', playlistUrl), urls };
}
