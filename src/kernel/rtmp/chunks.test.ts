import { describe, expect, test } from 'vitest';
import { ChunkReader } from './chunks.ts';
import { TYPE } from './message.ts';

const bytes = (...values: readonly (number | readonly number[])[]) => Uint8Array.from(values.flat());
const body = (length: number) => Uint8Array.from({ length }, (_, index) => index & 0xff);
const three = (value: number) => [(value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];
const four = (value: number) => [value >>> 24, ...three(value)];

/** A chunk with a full header; `timestamp` as its three bytes say it. */
const full = (id: number, timestamp: number, length: number, type: number) =>
  bytes(id, three(timestamp), three(length), type, [1, 0, 0, 0]);
const set = (size: number) => Uint8Array.from([...full(2, 0, 4, TYPE.setChunkSize), ...four(size)]);

function read(...pieces: readonly (readonly number[] | Uint8Array)[]) {
  const reader = new ChunkReader();
  return pieces.flatMap((piece) => reader.push(Uint8Array.from(piece)));
}

describe('messages out of chunks', () => {
  const picture = body(300);
  const stream = [
    ...full(6, 1_000, 300, TYPE.video),
    ...picture.subarray(0, 128),
    ...full(4, 990, 3, TYPE.audio),
    ...[1, 2, 3],
    ...[0xc6, ...picture.subarray(128, 256), 0xc6, ...picture.subarray(256)],
  ];
  const expected = [
    { type: TYPE.audio, streamId: 1, timestampMs: 990, payload: bytes(1, 2, 3) },
    { type: TYPE.video, streamId: 1, timestampMs: 1_000, payload: picture },
  ];

  test('chunks of several messages may be mixed', () => {
    expect(read(stream)).toEqual(expected);
  });

  test('bytes may come one by one', () => {
    expect(read(...stream.map((byte) => [byte]))).toEqual(expected);
  });

  test('short headers take the rest from the message before, and deltas add up', () => {
    const deltas = [
      ...[...full(4, 100, 1, TYPE.audio), 1],
      ...[0x44, ...three(20), ...three(2), TYPE.audio, 2, 2],
      ...[0x84, ...three(30), 3, 3],
      ...[0xc4, 4, 4],
    ];
    const seen = read(deltas).map(({ timestampMs, payload }) => [timestampMs, payload.length]);
    expect(seen).toEqual([
      [100, 1],
      [120, 2],
      [150, 2],
      [180, 2],
    ]);
  });

  test('a chunk size counts from the next chunk on', () => {
    expect(read(set(4_096), full(6, 0, 300, TYPE.video), picture)).toHaveLength(1);
  });

  test('a message that is given up is forgotten', () => {
    const given = [...full(6, 0, 300, TYPE.video), ...picture.subarray(0, 128)];
    const abort = [...full(2, 0, 4, TYPE.abort), ...four(6)];
    const other = [...full(6, 40, 2, TYPE.video), 9, 9];
    expect(read([...given, ...abort, ...other]).map(({ payload }) => payload)).toEqual([bytes(9, 9)]);
  });

  const late = 0x01020304;
  const repeats = [
    ['with', four(late)],
    ['without', []],
  ] as const;
  test.each(repeats)('long timestamps are read %s being repeated in every chunk', (_, again) => {
    const chunks = [
      ...[...full(6, 0xffffff, 200, TYPE.video), ...four(late), ...picture.subarray(0, 128)],
      ...[0xc6, ...again, ...picture.subarray(128, 200)],
    ];
    expect(read(chunks)).toMatchObject([{ timestampMs: late, payload: picture.subarray(0, 200) }]);
  });
});

describe('what is not taken', () => {
  const refused: [string, () => unknown][] = [
    ['a message of 16 MB', () => read(full(6, 0, 0xffffff, TYPE.video))],
    ['a chunk that goes on with nothing', () => read([0xc6])],
    ['chunks of no bytes', () => read(set(0))],
    ['a chunk size with the highest bit', () => read(set(0x80000000))],
    [
      'a hundred chunk streams',
      () => read(...Array.from({ length: 100 }, (_, id) => [0, id, ...full(0, 0, 0, 8).subarray(1)])),
    ],
    ['eight megabytes begun and not finished', () => beginMany()],
  ];

  test.each(refused)('%s', (_, act) => {
    expect(act).toThrow(RangeError);
  });

  /** Ten messages of 4 MB of which 1 MB comes, each in one chunk. */
  function beginMany() {
    const reader = new ChunkReader();
    reader.push(set(1_000_000));
    for (let id = 3; id < 13; id += 1) {
      reader.push(full(id, 0, 4_000_000, TYPE.video));
      reader.push(new Uint8Array(1_000_000));
    }
  }
});
