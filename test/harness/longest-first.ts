import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files of the rings that run servers and browsers, the longest first. A fresh clone does not know how long they take, and
 * a long one that was begun last would run alone to its end, beside an idle core.
 */
const LONGEST = [
  'scenario/grid',
  'scenario/sync',
  'fault/worker-storm',
  'scenario/early-start',
  'scenario/encodings',
  'scenario/transcode-worker',
  'scenario/straightened',
  'scenario/transcode-codecs',
  'scenario/transcode-films',
  'fault/database-restart',
  'fault/s3',
  'scenario/encryption',
  'fault/kill',
  'fault/corrupt-source',
  'scenario/early-tail',
  'scenario/live-health',
  'fault/live-fleet',
  'fault/live-source',
  'fault/live-publisher',
  'fault/channel',
  'scenario/live-recording',
  'browser/live-studio',
  'browser/live',
  'browser/film-panels',
  'browser/recordings',
  'browser/early',
  'browser/film',
];

/** The longest files of each ring first, all others by their size as ever. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => place(one) - place(other));
  }
}

function place({ moduleId }: TestSpecification): number {
  const at = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  return at < 0 ? LONGEST.length : at;
}
