import type { HealthProblem, IngestHealth } from '../api/live-shapes.ts';
import { formatBitrate } from '../format.ts';

/** One line of the health panel: what it plots, in which range, and how it is said. */
export interface HealthPlot {
  readonly id: string;
  readonly label: string;
  readonly problem: HealthProblem;
  readonly pick: (health: IngestHealth) => number;
  /** At least so high; higher values stretch it. */
  readonly ceiling: number;
  /** Below 0 too: the line runs about the middle. */
  readonly isSigned?: true;
  readonly say: (value: number) => string;
}

export const HEALTH_PLOTS: readonly HealthPlot[] = [
  {
    id: 'bitrate',
    label: 'Bitrate',
    problem: 'bitrate',
    pick: (health) => health.bitrateBps,
    ceiling: 1_000_000,
    say: formatBitrate,
  },
  {
    id: 'frame-rate',
    label: 'Frame rate',
    problem: 'frame-rate',
    pick: (health) => health.framesPerSecond,
    ceiling: 30,
    say: (value) => `${value.toFixed(value < 10 ? 1 : 0)} fps`,
  },
  {
    id: 'drift',
    label: 'A/V drift',
    problem: 'drift',
    pick: (health) => health.driftMs,
    ceiling: 200,
    isSigned: true,
    say: (value) => `${Math.round(value)} ms`,
  },
  {
    id: 'speed',
    label: 'Encoder speed',
    problem: 'overload',
    pick: (health) => health.speed,
    ceiling: 1.5,
    say: (value) => `${value.toFixed(2)} ×`,
  },
];

/** The height of a value in its plot, 0 at the bottom and 1 at the top. */
export function heightOf(plot: HealthPlot, value: number, values: readonly number[]): number {
  const top = Math.max(plot.ceiling, ...values.map(Math.abs)) * 1.15;
  const share = plot.isSigned ? 0.5 + value / (2 * top) : value / top;
  return Math.min(1, Math.max(0, share));
}

export const PROBLEM_WORDS: Readonly<Record<HealthProblem, string>> = {
  'frame-rate': 'Frames are missing: the encoder or the line cannot keep up.',
  bitrate: 'Much less arrives than usual: the line is weak.',
  'key-frames': 'Key frames are too far apart. Set their interval to 2 s.',
  drift: 'Sound and picture drift apart.',
  overload: 'This server cannot encode as fast as the broadcast comes in.',
  passthrough: 'The best quality is encoded here: the source cannot be passed through.',
};
