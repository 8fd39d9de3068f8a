import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { type Fragment, FragmentSplitter } from '../../src/kernel/cmaf/splitter.ts';
import type { LivePackager } from '../../src/live/packager/live-packager.ts';
import { broadcastFormat, rung } from './broadcast-format.ts';

/** Two rungs of a test picture and a tone, as an encoder of a live stream lets them go. */
export const SOURCE_FORMAT = broadcastFormat({
  rungs: [rung(90, 'avc1.42c00a', 80_000), rung(180, 'avc1.42c00c', 160_000)],
});

export interface SourceTaker {
  init(rendition: string, bytes: Uint8Array): void;
  fragment(rendition: string, fragment: Fragment): void;
}

const MP4 = ['-f', 'mp4', '-movflags', '+frag_every_frame+cmaf', '-flush_packets', '1'];

/** Real ffmpeg that publishes a test picture and a tone at their own pace, a fragment a frame. */
export class LiveSource {
  readonly #child: ChildProcess;
  readonly ended: Promise<void>;

  constructor(
    taker: SourceTaker,
    { seconds = 600, paced = true, renditions = ['90p', '180p', 'audio'], keyEvery = 50 } = {},
  ) {
    const sizes: Readonly<Record<string, string>> = { '90p': '160x90', '180p': '320x180' };
    const outputs = renditions.flatMap((name, index) => {
      const size = sizes[name];
      const encode = size
        ? [
            '-map',
            '0:v',
            '-s',
            size,
            '-c:v',
            'libx264',
            '-preset',
            'ultrafast',
            '-tune',
            'zerolatency',
            '-g',
            String(keyEvery),
          ]
        : ['-map', '1:a', '-c:a', 'aac', '-b:a', '64k', '-ac', '2', '-ar', '48000'];
      const clock = size
        ? ['-keyint_min', String(keyEvery), '-sc_threshold', '0', '-video_track_timescale', '90000']
        : [];
      return [...encode, ...clock, ...MP4, `pipe:${3 + index}`];
    });
    const pace = paced ? ['-re'] : [];
    const picture = ['-f', 'lavfi', '-t', String(seconds), '-i', 'testsrc2=size=320x180:rate=25'];
    const tone = ['-f', 'lavfi', '-t', String(seconds), '-i', 'sine=frequency=440:sample_rate=48000'];
    const args = ['-v', 'error', '-nostdin', ...pace, ...picture, ...pace, ...tone, '-threads', '1', ...outputs];
    this.#child = spawn('ffmpeg', args, { stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'pipe', 'pipe'] });
    const pipes = renditions.map((name, index) => read(this.#child.stdio[3 + index] as Readable, name, taker));
    this.ended = Promise.all(pipes).then(() => undefined);
  }

  /** The publisher is gone from one moment to the next. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
    await this.ended;
  }
}

async function read(pipe: Readable, rendition: string, taker: SourceTaker): Promise<void> {
  const splitter = new FragmentSplitter();
  for await (const bytes of pipe) {
    for (const piece of splitter.push(bytes)) {
      if (piece.kind === 'init') taker.init(rendition, piece.bytes);
      else taker.fragment(rendition, piece.fragment);
    }
  }
}

/** So many seconds of a source, as fast as they can be encoded. */
export async function feed(packager: LivePackager, seconds: number): Promise<void> {
  const taker: SourceTaker = {
    init: (rendition, bytes) => packager.takeInit(rendition, bytes),
    fragment: (rendition, fragment) => packager.takeFragment(rendition, fragment),
  };
  await new LiveSource(taker, { seconds, paced: false }).ended;
}
