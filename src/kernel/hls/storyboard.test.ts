import { expect, test } from 'vitest';
import { sheetCount, writeStoryboard } from './storyboard.ts';

const BOARD = { tileWidth: 160, tileHeight: 90, columns: 2, rows: 2, intervalSeconds: 1800, tileCount: 5 };

test('cues name the part of the sheet that shows their time, and the last ends with the film', () => {
  const text = writeStoryboard(BOARD, 8_000.5, (sheet) => `s${sheet}.jpg`);
  expect(text).toBe(
    [
      'WEBVTT\n',
      '00:00:00.000 --> 00:30:00.000\ns0.jpg#xywh=0,0,160,90\n',
      '00:30:00.000 --> 01:00:00.000\ns0.jpg#xywh=160,0,160,90\n',
      '01:00:00.000 --> 01:30:00.000\ns0.jpg#xywh=0,90,160,90\n',
      '01:30:00.000 --> 02:00:00.000\ns0.jpg#xywh=160,90,160,90\n',
      '02:00:00.000 --> 02:13:20.500\ns1.jpg#xywh=0,0,160,90\n',
    ].join('\n'),
  );
  expect(sheetCount(BOARD)).toBe(2);
});
