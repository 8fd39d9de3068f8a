/** Where a player asks which edge to use, and the name of the one that its playlist came from. */
export interface Steering {
  readonly serverUri: string;
  readonly pathwayId: string;
}

const HEADER = /^#(?:EXTM3U|EXT-X-(?:VERSION|INDEPENDENT-SEGMENTS|DEFINE)\b.*)$/;
const VARIANT = /^#EXT-X-(?:I-FRAME-)?STREAM-INF:/;

/** A multivariant playlist with content steering; everything else stays byte for byte as it was. */
export function withSteering(playlist: string, { serverUri, pathwayId }: Steering): string {
  const tag = `#EXT-X-CONTENT-STEERING:SERVER-URI="${serverUri}",PATHWAY-ID="${pathwayId}"`;
  const lines = playlist.split('\n').map((line) => (VARIANT.test(line) ? ofPathway(line, pathwayId) : line));
  const behind = lines.findIndex((line) => !HEADER.test(line.trimEnd()));
  return lines.toSpliced(Math.max(behind, 0), 0, tag).join('\n');
}

function ofPathway(line: string, pathwayId: string): string {
  return line.replace(/(\r?)$/, `,PATHWAY-ID="${pathwayId}"$1`);
}
