import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Names, sentences and labels of everything that is counted: the table that `/metrics` is printed from. */
const COUNTERS = {
  edge_requests: { says: 'Viewer requests by verdict and status.', labels: ['verdict', 'status'] },
  edge_bytes: { says: 'Bytes sent to viewers.', labels: ['verdict'] },
  edge_tier_hits: { says: 'Answers found by the edge, by the tier that had them.', labels: ['tier'] },
  edge_tier_hit_bytes: { says: 'Bytes of the answers found by the edge, by tier.', labels: ['tier'] },
  edge_tier_evictions: { says: 'Entries that a tier of the edge gave up for want of room.', labels: ['tier'] },
  edge_disk_written_bytes: { says: "Bytes written to the edge's disk tier.", labels: [] },
  edge_disk_dropped: {
    says: "Entries not written to the edge's disk tier since the disk was behind, full or failing.",
    labels: [],
  },
  edge_disk_damaged: { says: "Entries of the edge's disk tier that were not what had been written.", labels: [] },
  edge_origin_requests: { says: 'Requests of the edge to an origin.', labels: ['origin'] },
  edge_origin_failures: {
    says: 'Requests to an origin that it did not answer: no connection, no answer in time, none that could be read.',
    labels: ['origin'],
  },
  edge_origin_failovers: { says: 'Requests to an origin that went on to the next one.', labels: ['origin'] },
  edge_compressions: { says: 'Bodies that the edge compressed.', labels: ['coding'] },
  edge_compression_in_bytes: { says: 'Bytes of those bodies as they were.', labels: ['coding'] },
  edge_compression_out_bytes: { says: 'Bytes of those bodies as they became.', labels: ['coding'] },
  edge_channel_dropped_parts: {
    says: 'Parts that viewers of channels were not sent since they had not taken those before.',
    labels: [],
  },
  edge_channel_refused: { says: 'Viewers who found no place on a channel.', labels: [] },
  edge_compressions_refused: {
    says: 'Answers that the edge sent uncompressed since it was compressing as many others as it does at once.',
    labels: [],
  },
  api_scope_refusals: {
    says: 'Requests to the API that were refused since their token lacked a scope.',
    labels: ['scope'],
  },
  live_encoder_restarts: { says: 'Encoders of broadcasts that ended before their publisher did.', labels: [] },
  live_rungs_dropped: {
    says: 'Rungs that a broadcast was encoded without since the machine was too slow.',
    labels: [],
  },
  live_keys_refused: {
    says: 'Wrong stream keys, of publishers and of viewers who said that the stream is theirs.',
    labels: [],
  },
  sources: { says: 'Sources that came in whole or failed, by the code of the failure.', labels: ['outcome'] },
  source_bytes: { says: 'Bytes of the sources that came in whole.', labels: [] },
} as const satisfies Record<string, { says: string; labels: readonly string[] }>;

const GAUGES = {
  edge_cache_bytes: { says: 'Bytes the edge holds in memory.' },
  edge_disk_bytes: { says: 'Bytes the edge holds on disk.' },
  edge_live_waiting: { says: 'Viewers of broadcasts who wait for what is to come.' },
  edge_compressions_running: { says: 'Bodies that the edge is compressing.' },
  edge_connections: { says: 'Connections of viewers.' },
  edge_tunnels: { says: 'Connections of viewers that carry a WebSocket.' },
  edge_channels: { says: 'Streams whose channel somebody here is on.' },
  edge_channel_viewers: { says: 'Viewers on channels.' },
  edge_channel_queued_bytes: { says: 'Bytes that wait for viewers of channels, each counted as if it had its own.' },
  edge_origin_up: { says: 'Whether an origin is up, as its health checks have it: 1 or 0.', labels: ['origin'] },
  edge_origin_circuit: {
    says: 'Whether an origin is asked: 0 yes (closed), 1 by one request to see whether it is well again, 2 no (open).',
    labels: ['origin'],
  },
  live_streams: { says: 'Live streams with a broadcast under way at this node.' },
  live_encoder_speed: {
    says: 'Seconds that the encoder of a broadcast encodes a second, where the publisher waits for it; else 1.',
    labels: ['stream'],
  },
  jobs_waiting: { says: 'Jobs that wait for a worker.' },
} as const satisfies Record<string, { says: string; labels?: readonly string[] }>;

const HISTOGRAMS = {
  edge_first_byte_seconds: {
    says: 'From a viewer request to the first byte of its answer.',
    labels: ['verdict'],
    buckets: [0.0005, 0.001, 0.005, 0.02, 0.1, 0.5, 2, 8],
  },
} as const satisfies Record<string, { says: string; labels: readonly string[]; buckets: readonly number[] }>;

export type CounterName = keyof typeof COUNTERS;
export type GaugeName = keyof typeof GAUGES;
export type HistogramName = keyof typeof HISTOGRAMS;
type Labels = Readonly<Record<string, string | number>>;

/** The process's numbers. Parts report through the narrow interfaces they declare, such as `{ count(name, labels) }`. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, Histogram>();
  /** Counted and not on the page yet. */
  readonly #waiting: { readonly name: CounterName; readonly labels: Labels; by: number }[] = [];

  readonly #tallies: (() => void)[] = [];

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    const registers = [this.#registry];
    for (const [name, { says, labels }] of Object.entries(COUNTERS)) {
      const counter = new Counter({ name: `frontrow_${name}_total`, help: says, labelNames: labels, registers });
      this.#counters.set(name, counter);
    }
    for (const [name, { says, labels, buckets }] of Object.entries(HISTOGRAMS)) {
      const options = { name: `frontrow_${name}`, help: says, labelNames: labels, buckets: [...buckets], registers };
      this.#histograms.set(name, new Histogram(options));
    }
  }

  count(name: CounterName, labels: Labels, by = 1): void {
    this.#counters.get(name)?.inc({ ...labels }, by);
  }

  /** One series of a counter, for those who count often: what they add is put on the page when it is asked for. */
  counter(name: CounterName, labels: Labels): (by: number) => void {
    const waiting = { name, labels, by: 0 };
    this.#waiting.push(waiting);
    return (by) => {
      waiting.by += by;
    };
  }

  /** One series of a counter that is counted elsewhere: `read` is asked whenever somebody wants the page. */
  tally(name: CounterName, labels: Labels, read: () => number): void {
    let told = 0;
    const add = this.counter(name, labels);
    this.#tallies.push(() => {
      const counted = read();
      add(counted - told);
      told = counted;
    });
  }

  /** Counters of which there are more and fewer as time goes by; one that begins anew goes on from where it was. */
  tallies(name: CounterName, read: () => readonly (readonly [Labels, number])[]): void {
    const told = new Map<string, { count: number; add: (more: number) => void }>();
    this.#tallies.push(() => {
      for (const [labels, count] of read()) {
        const key = JSON.stringify(labels);
        const series = told.get(key) ?? { count: 0, add: this.counter(name, labels) };
        told.set(key, series);
        series.add(count < series.count ? count : count - series.count);
        series.count = count;
      }
    });
  }

  /** One series of a histogram. */
  histogram(name: HistogramName, labels: Labels): (value: number) => void {
    const series = this.#histograms.get(name)?.labels({ ...labels });
    return (value) => series?.observe(value);
  }

  /** Reads the gauge whenever somebody asks for the page; `read` must be quick. */
  gauge(name: GaugeName, read: () => number | Promise<number>): void {
    new Gauge({
      name: `frontrow_${name}`,
      help: GAUGES[name].says,
      registers: [this.#registry],
      async collect() {
        // The page is wanted most when something is away: what cannot be read has no number, and the rest stands.
        this.set(
          await Promise.resolve()
            .then(read)
            .catch(() => Number.NaN),
        );
      },
    });
  }

  /** All series of a gauge with labels, read whenever somebody asks for the page. */
  gauges(name: GaugeName, read: () => readonly (readonly [Labels, number])[]): void {
    const { says: help, labels = [] }: { says: string; labels?: readonly string[] } = GAUGES[name];
    new Gauge({
      name: `frontrow_${name}`,
      help,
      labelNames: [...labels],
      registers: [this.#registry],
      collect() {
        // Whoever is gone has no number: the last one would stay on the page for good.
        this.reset();
        for (const [series, value] of read()) this.set({ ...series }, value);
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The page in Prometheus' text format. */
  text(): Promise<string> {
    for (const tell of this.#tallies) tell();
    for (const waiting of this.#waiting) {
      this.count(waiting.name, waiting.labels, waiting.by);
      waiting.by = 0;
    }
    return this.#registry.metrics();
  }
}
