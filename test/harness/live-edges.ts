import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../../src/config/settings.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { EdgeScenario } from './edge-scenario.ts';
import { FeedProxy } from './feed-proxy.ts';
import { CONFIG } from './film-edge.ts';
import { LiveOrigin, STREAM } from './live-origin.ts';
import { ScriptedOrigin } from './origin.ts';

/** A made-up broadcast at an origin with a real socket, and real edges in front of it. */
export class LiveEdges {
  readonly live: LiveOrigin;
  readonly origin: ScriptedOrigin;
  readonly #stops: (() => Promise<unknown>)[] = [];

  private constructor(live: LiveOrigin, origin: ScriptedOrigin) {
    this.live = live;
    this.origin = origin;
  }

  static async start(partBytes = 64): Promise<LiveEdges> {
    const live = new LiveOrigin({ partBytes });
    const origin = await new ScriptedOrigin().start();
    origin.serve(`/access/${STREAM}`, { body: JSON.stringify({ policy: 'public' }) });
    origin.otherwise(({ target }, response) => live.answer(target, response));
    const edges = new LiveEdges(live, origin);
    edges.onStop(() => origin.stop());
    return edges;
  }

  /** Stops what was started last first. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }

  onStop(stop: () => Promise<unknown>): void {
    this.#stops.push(stop);
  }

  async edge(
    settings: Partial<Settings> = {},
    { originUrl = this.origin.url, parents = [] as readonly string[] } = {},
  ): Promise<EdgeScenario> {
    const dataDir = await mkdtemp(join(tmpdir(), 'frontrow-live-edge-'));
    this.onStop(() => rm(dataDir, { recursive: true, force: true }));
    await writeFile(join(dataDir, 'edge-config.json'), JSON.stringify(CONFIG));
    const options = { mode: 'film', clock: systemClock, dataDir, originUrl, settings, parents } as const;
    const edge = await new EdgeScenario(options).start();
    this.onStop(() => edge.stop());
    return edge;
  }

  /** A line to the origin that can be cut. */
  async line(): Promise<FeedProxy> {
    const line = await new FeedProxy(this.origin.url).start();
    this.onStop(() => line.stop());
    return line;
  }

  /** Parts come as time passes from now on. */
  publish(everyMs: number): void {
    const timer = setInterval(() => this.live.publish(), everyMs);
    this.onStop(async () => clearInterval(timer));
  }
}
