import type { VNode } from 'preact';
import type { Asset, Rendition } from '../api/shapes.ts';
import { formatBitrate } from '../format.ts';

/** The ladder of a film: what was, or is being, encoded. */
export function RenditionTable({ asset }: { asset: Asset }): VNode | null {
  const renditions = asset.renditions ?? [];
  if (renditions.length === 0) return null;
  return (
    <section class="panel ladder" aria-label="Renditions">
      <h2 class="panel-title">Renditions</h2>
      <div class="table-scroll">
        <table class="table tabular">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Picture</th>
              <th scope="col">Bitrate</th>
              <th scope="col">Codecs</th>
            </tr>
          </thead>
          <tbody>
            {[...renditions].sort(byHeight).map((one) => (
              <tr key={one.name}>
                <th scope="row">{one.name}</th>
                <td>{one.width && one.height ? `${one.width} × ${one.height}` : '–'}</td>
                <td>{formatBitrate(one.bitrateBps)}</td>
                <td>
                  <code>{one.codecs}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function byHeight(a: Rendition, b: Rendition): number {
  return (b.height ?? 0) - (a.height ?? 0);
}
