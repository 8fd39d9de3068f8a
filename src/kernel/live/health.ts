/** What a source may suffer from. The names are promises: webhooks and the channel tell them. */
export const HEALTH_PROBLEMS = ['frame-rate', 'bitrate', 'key-frames', 'drift', 'overload', 'passthrough'] as const;

export type HealthProblem = (typeof HEALTH_PROBLEMS)[number];

/** How a broadcast's source is doing, about once a second. */
export interface IngestHealth {
  readonly bitrateBps: number;
  readonly framesPerSecond: number;
  readonly keyFrameSeconds: number;
  /** Sound ahead of the picture is positive. */
  readonly driftMs: number;
  /** How much faster than it comes in it is encoded; under 1 it falls behind. */
  readonly speed: number;
  readonly droppedFrames: number;
  readonly problems: readonly HealthProblem[];
}

/** Whether viewers see nothing of what is wrong: a top rung that is encoded instead of passed through is as good. */
export function isGoodToWatch({ problems }: Pick<IngestHealth, 'problems'>): boolean {
  return problems.every((problem) => problem === 'passthrough');
}
