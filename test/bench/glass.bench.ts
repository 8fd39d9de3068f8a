import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../harness/browser.ts';
import { TestServer } from '../harness/server.ts';
import { seconds, type Table, worst } from './measure.ts';
import { paintTimeCode, rawInput } from './time-code-picture.ts';

const PICTURE = { width: 640, height: 360, framesPerSecond: 25 };
const DELIVERIES = ['channel', 'll-hls', 'hls'] as const;
/** What a page needs until it plays as it will: the first rung, the distance to the edge. */
const SETTLE_MS = 15_000;
const MEASURE_MS = 120_000;

interface Glass {
  /** Of each picture that was presented, from when it was painted until the browser meant to show it. */
  readonly delaysMs: readonly number[];
  /** Time in which the picture should have moved and did not. */
  readonly stalls: number;
  readonly stalledMs: number;
  readonly droppedFrames: number;
}

/** What a page keeps open for measurements. */
interface LiveWindow {
  readonly __frontrowLive?: {
    readonly video: Video;
    readonly timeCode: () => number | undefined;
  };
}

interface Video extends EventTarget {
  requestVideoFrameCallback(callback: (nowMs: number, frame: { expectedDisplayTime: number }) => void): number;
  getVideoPlaybackQuality(): { readonly droppedVideoFrames: number };
}

/** From a painted picture to the screen: publisher, RTMP, encoder, packager, origin, edge, browser, all on this machine. */
export async function benchGlass(): Promise<Table[]> {
  const server = await TestServer.start({ roles: 'control,origin,edge,live' });
  const browser = await launchBrowser();
  try {
    const { streamId, rtmp } = await makeStream(server);
    const publisher = publish(rtmp);
    try {
      const rows: string[][] = [];
      for (const delivery of DELIVERIES) {
        process.stderr.write(`glass: ${delivery}\n`);
        rows.push(rowOf(delivery, await measure(browser, server, streamId, delivery)));
      }
      const head = ['delivery', 'pictures', 'p50', 'p95', 'worst', 'stalls', 'stalled', 'dropped frames'];
      return [{ title: 'Glass to glass, two minutes each', head, rows }];
    } finally {
      await publisher.stop();
    }
  } finally {
    await browser.close();
    await server.stop();
  }
}

async function makeStream(server: TestServer): Promise<{ streamId: string; rtmp: string }> {
  const answer = await server.api('POST', '/v1/live-streams', { title: 'Glass', policy: 'public' });
  const stream = (await answer.json()) as { streamId: string; streamKey: string; ingest: { rtmp: string } };
  return { streamId: stream.streamId, rtmp: `${stream.ingest.rtmp}/${stream.streamKey}` };
}

/** As an encoder on another desk would: H.264 without lookahead, a key frame a second, a tone. */
function publish(address: string): { stop(): Promise<void> } {
  const tone = ['-f', 'lavfi', '-re', '-i', 'sine=frequency=440:sample_rate=48000'];
  const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '25', '-b:v', '1500k'];
  const audio = ['-c:a', 'aac', '-b:a', '96k', '-shortest'];
  const args = ['-v', 'error', '-fflags', 'nobuffer', ...rawInput(PICTURE), ...tone, ...video, ...audio];
  const child: ChildProcess = spawn('ffmpeg', [...args, '-flush_packets', '1', '-f', 'flv', address], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const { stdin } = child;
  if (!stdin) throw new Error('no pipe to ffmpeg');
  stdin.on('error', () => {}); // its end is seen by its exit
  const painter = paintTimeCode(stdin, PICTURE);
  return {
    stop: async () => {
      painter.stop();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

async function measure(browser: Browser, server: TestServer, streamId: string, delivery: string): Promise<Glass> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 800 } });
  try {
    const page = await context.newPage();
    await page.addInitScript(`localStorage.setItem('frontrow.token', ${JSON.stringify(server.run.adminToken)})`);
    await page.goto(`${server.run.control}/#/tune-in/${streamId}?by=${delivery}`);
    await page.waitForFunction(
      () => (globalThis as unknown as LiveWindow).__frontrowLive?.timeCode() !== undefined,
      undefined,
      { timeout: 60_000 },
    );
    await page.waitForTimeout(SETTLE_MS); // it is a span that is measured
    return await watch(page);
  } finally {
    await context.close();
  }
}

/** Looks at every picture that the browser presents. */
async function watch(page: Page): Promise<Glass> {
  return page.evaluate(async (forMs) => {
    const live = (globalThis as unknown as LiveWindow).__frontrowLive;
    if (!live) throw new Error('nothing plays');
    const { video, timeCode } = live;
    const delaysMs: number[] = [];
    let stalls = 0;
    let stalledMs = 0;
    let shownAtMs = performance.now();
    const dropped = video.getVideoPlaybackQuality().droppedVideoFrames;
    const end = performance.now() + forMs;
    await new Promise<void>((resolve) => {
      const look = (nowMs: number, frame: { expectedDisplayTime: number }) => {
        const painted = timeCode();
        if (painted !== undefined) delaysMs.push(performance.timeOrigin + frame.expectedDisplayTime - painted);
        // A quarter of a second is six pictures: what a viewer sees as standing still.
        const pauseMs = nowMs - shownAtMs;
        if (pauseMs > 250) {
          stalls += 1;
          stalledMs += pauseMs;
        }
        shownAtMs = nowMs;
        if (nowMs < end) video.requestVideoFrameCallback(look);
        else resolve();
      };
      video.requestVideoFrameCallback(look);
    });
    const droppedFrames = video.getVideoPlaybackQuality().droppedVideoFrames - dropped;
    return { delaysMs, stalls, stalledMs, droppedFrames };
  }, MEASURE_MS);
}

function rowOf(delivery: string, { delaysMs, stalls, stalledMs, droppedFrames }: Glass): string[] {
  return [
    { channel: 'channel', 'll-hls': 'LL-HLS', hls: 'plain HLS' }[delivery] ?? delivery,
    `${delaysMs.length}`,
    seconds(percentile(delaysMs, 0.5)),
    seconds(percentile(delaysMs, 0.95)),
    seconds(worst(delaysMs)),
    `${stalls}`,
    seconds(stalledMs),
    `${droppedFrames}`,
  ];
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
