import { FlvPieces } from './flv.ts';
import { MatroskaPieces } from './matroska.ts';
import { PieceWindow, type SourceWindow } from './source-window.ts';
import { TransportPieces } from './transport.ts';

const READERS = { flv: FlvPieces, mpegts: TransportPieces, matroska: MatroskaPieces } as const;

export function openWindow(container: keyof typeof READERS): SourceWindow {
  return new PieceWindow(new READERS[container]());
}
