import type { Storyboard } from '../film/film.ts';

/** Tiles that one sheet holds. */
export function tilesPerSheet(board: Storyboard): number {
  return board.columns * board.rows;
}

export function sheetCount(board: Storyboard): number {
  return Math.ceil(board.tileCount / tilesPerSheet(board));
}

/**
 * WebVTT whose cues name the part of a sheet that shows their time, as a media fragment (`#xywh=`). `sheetUri` gives the
 * address of a sheet relative to this file; the last cue ends with the film.
 */
export function writeStoryboard(
  board: Storyboard,
  durationSeconds: number,
  sheetUri: (sheet: number) => string,
): string {
  const cues = Array.from({ length: board.tileCount }, (_, tile) => {
    const start = tile * board.intervalSeconds;
    const end = tile + 1 === board.tileCount ? Math.max(durationSeconds, start + 0.001) : start + board.intervalSeconds;
    return `${timestamp(start)} --> ${timestamp(end)}\n${sheetUri(Math.floor(tile / tilesPerSheet(board)))}${place(board, tile)}\n`;
  });
  return ['WEBVTT\n', ...cues].join('\n');
}

function place(board: Storyboard, tile: number): string {
  const inSheet = tile % tilesPerSheet(board);
  const x = (inSheet % board.columns) * board.tileWidth;
  const y = Math.floor(inSheet / board.columns) * board.tileHeight;
  return `#xywh=${x},${y},${board.tileWidth},${board.tileHeight}`;
}

/** `HH:MM:SS.mmm`. */
function timestamp(seconds: number): string {
  const ms = Math.round(seconds * 1_000);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1_000) % 60)}.${String(ms % 1_000).padStart(3, '0')}`;
}
