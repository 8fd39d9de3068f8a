import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlashReader } from '../../src/kernel/flv/reader.ts';
import { ClockMender, JumpFinder } from '../../src/kernel/mpeg/jumps.ts';
import type { Mark, MarkReader } from '../../src/kernel/mpeg/marks.ts';
import { ProgramReader } from '../../src/kernel/mpeg/program.ts';
import { readTicks, type TicksField, ticksBetween, wrapTicks, writeTicks } from '../../src/kernel/mpeg/timestamp.ts';
import { findTransport, TransportReader } from '../../src/kernel/mpeg/transport.ts';
import { OggReader } from '../../src/kernel/ogg/reader.ts';

const ticks = fc.integer({ min: 0, max: 2 ** 33 - 1 });
const forms = fc.constantFrom<TicksField['form'][]>('stamp', 'reference', 'pack');
const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });

describe('moments', () => {
  test('are read as they were written, in every form', () => {
    fc.assert(
      fc.property(ticks, forms, bytes(12), (moment, form, around) => {
        writeTicks(around, { at: 3, form }, moment);
        expect(readTicks(around, { at: 3, form })).toBe(moment);
      }),
    );
  });

  test('leave every other bit as it was', () => {
    fc.assert(
      fc.property(ticks, forms, bytes(12), (moment, form, around) => {
        const before = readTicks(around, { at: 3, form });
        const changed = around.slice();
        writeTicks(changed, { at: 3, form }, moment);
        writeTicks(changed, { at: 3, form }, before);
        expect(changed).toEqual(around);
      }),
    );
  });

  test('are as far apart as they were after both were moved, across the wrap too', () => {
    fc.assert(
      fc.property(ticks, fc.integer({ min: -(2 ** 31), max: 2 ** 31 }), ticks, (from, distance, moved) => {
        expect(ticksBetween(wrapTicks(from + moved), wrapTicks(from + distance + moved))).toBe(distance);
      }),
    );
  });
});

/** A packet that opens a video packet with a time stamp, and has a reference of the clock before it. */
function packetOf(pid: number, moment: number): Uint8Array {
  const packet = new Uint8Array(188).fill(0xff);
  packet.set([0x47, 0x40 | (pid >> 8), pid & 0xff, 0x30, 7, 0x10, 0, 0, 0, 0, 0x7e, 0]);
  packet.set([0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1], 12);
  writeTicks(packet, { at: 6, form: 'reference' }, moment);
  writeTicks(packet, { at: 21, form: 'stamp' }, moment);
  return packet;
}

function allMarks(reader: MarkReader, file: Uint8Array, pieces: readonly number[]): Mark[] {
  const marks: Mark[] = [];
  const see = (mark: Mark) => {
    marks.push(mark);
    return 0;
  };
  let from = 0;
  for (const end of [...pieces, file.length].sort((one, other) => one - other)) {
    from += reader.read(file.subarray(from, end), from, see, end === file.length).done;
  }
  return marks;
}

describe('a transport stream', () => {
  const stream = fc.array(fc.tuple(fc.integer({ min: 32, max: 8_190 }), ticks), { minLength: 6, maxLength: 30 });

  test('tells the same marks in whatever pieces it is read', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.integer({ min: 0, max: 5_000 })), (packets, cuts) => {
        const file = Buffer.concat(packets.map(([pid, moment]) => packetOf(pid, moment)));
        const pieces = cuts.filter((cut) => cut < file.length);
        const marks = allMarks(new TransportReader(188), file, pieces);
        expect(marks).toEqual(allMarks(new TransportReader(188), file, []));
        expect(marks.map(({ show }) => show)).toEqual(packets.flatMap(([, moment]) => [moment, moment]));
      }),
    );
  });

  test('is found again behind bytes that are none of it', () => {
    fc.assert(
      fc.property(stream, fc.integer({ min: 1, max: 187 }), (packets, cut) => {
        const whole = packets.map(([pid, moment]) => packetOf(pid, moment));
        const file = Buffer.concat([whole[0] ?? new Uint8Array(), new Uint8Array(cut), ...whole.slice(1)]);
        const pictures = allMarks(new TransportReader(188), file, []).filter(({ kind }) => kind === 'picture');
        expect(pictures.slice(-(packets.length - 1)).map(({ show }) => show)).toEqual(
          packets.slice(1).map(([, moment]) => moment),
        );
      }),
    );
  });
});

const SYNC = 0x47;

test('half a packet in a transport stream is told as no part of it, and nothing else is', () => {
  const stream = fc.array(fc.integer({ min: 0, max: 89_999 }), { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(stream, stream, fc.integer({ min: 1, max: 187 }), (first, second, length) => {
      const packets = (moments: number[]) => Buffer.concat(moments.map((moment) => packetOf(256, moment)));
      const half = packetOf(256, 0).subarray(0, length);
      // By chance it may be as long as a whole one, up to what looks like the beginning of the next.
      fc.pre(packets(second)[188 - length] !== SYNC);
      const from = 188 * first.length;
      const file = Buffer.concat([packets(first), half, packets(second)]);
      const { edits } = new TransportReader(188).read(file, 0, () => 0, true);
      expect(edits).toEqual([{ from, to: from + length }]);
    }),
  );
});

const FLASH_HEADER = [0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0];

test('no bytes crash a reader, and it stays within them', () => {
  const readers = [
    () => new TransportReader(188),
    () => new TransportReader(192),
    () => new ProgramReader(),
    () => new FlashReader(),
    () => new OggReader(),
  ];
  const tokens = fc.constantFrom(
    [0, 0, 1, 0xba],
    [0, 0, 1, 0xe0],
    [0, 0, 1, 0xbd, 0, 20],
    [0x47, 0x40, 0, 0x30, 183],
    FLASH_HEADER,
    [9, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 12],
  );
  const noise = fc.array(fc.oneof(tokens, fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 })));
  fc.assert(
    fc.property(noise, ticks, (parts, shift) => {
      const file = Uint8Array.from(parts.flat());
      findTransport(file);
      for (const make of readers) {
        const finder = new JumpFinder();
        const read = make().read(file.slice(), 0, (mark) => finder.see(mark), true);
        expect(read.done).toBeLessThanOrEqual(file.length + 204);
        const mender = new ClockMender([...finder.epochs(), { from: 0, shift }], finder.sparse());
        const moved = file.slice();
        make().read(moved, 0, (mark) => mender.shiftOf(mark), true);
        expect(moved.length).toBe(file.length);
      }
    }),
  );
});
