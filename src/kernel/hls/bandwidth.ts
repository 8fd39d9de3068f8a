/** Size and length of one segment, the init segment not counted. */
export interface MeasuredSegment {
  readonly bytes: number;
  readonly durationSeconds: number;
}

/**
 * The peak bit rate: the greatest rate over any run of neighbouring segments that lasts between half and one and a half
 * target durations (RFC 8216 section 4.3.4.2); of a clip shorter than that, its own rate. Whole bits a second.
 */
export function peakBandwidthBps(segments: readonly MeasuredSegment[], targetDurationSeconds: number): number {
  const least = 0.5 * targetDurationSeconds;
  const most = 1.5 * targetDurationSeconds;
  let peak = 0;
  // Runs are short (a target duration holds few segments), so growing each start's run is linear in practice.
  for (let first = 0; first < segments.length; first += 1) {
    let bytes = 0;
    let seconds = 0;
    for (const segment of runFrom(segments, first)) {
      bytes += segment.bytes;
      seconds += segment.durationSeconds;
      if (seconds > most) break;
      if (seconds >= least) peak = Math.max(peak, (8 * bytes) / seconds);
    }
  }
  return peak === 0 ? averageBandwidthBps(segments) : Math.ceil(peak);
}

function* runFrom(segments: readonly MeasuredSegment[], first: number): Generator<MeasuredSegment> {
  for (let at = first; at < segments.length; at += 1) {
    const segment = segments[at];
    if (segment) yield segment;
  }
}

/** All bits over all seconds; 0 for no segments. */
export function averageBandwidthBps(segments: readonly MeasuredSegment[]): number {
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const seconds = segments.reduce((sum, segment) => sum + segment.durationSeconds, 0);
  return seconds > 0 ? Math.ceil((8 * bytes) / seconds) : 0;
}
