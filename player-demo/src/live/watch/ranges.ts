export type Range = readonly [start: number, end: number];

export function rangesOf(ranges: TimeRanges): readonly Range[] {
  return Array.from({ length: ranges.length }, (_, at) => [ranges.start(at), ranges.end(at)] as const);
}
