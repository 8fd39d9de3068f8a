import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FlashReader } from '../../src/kernel/flv/reader.ts';
import { ClockMender, JumpFinder } from '../../src/kernel/mpeg/jumps.ts';
import type { MarkReader, OnMark } from '../../src/kernel/mpeg/marks.ts';
import { type Page, pageAt, renamePage } from '../../src/kernel/ogg/pages.ts';
import { OggReader } from '../../src/kernel/ogg/reader.ts';

/** A file as a reader makes it, from pieces that end where `cuts` say. */
function copied(reader: MarkReader, file: Uint8Array, onMark: OnMark, cuts: readonly number[] = []): Uint8Array {
  const kept: Uint8Array[] = [];
  let from = 0;
  for (const end of [...cuts.filter((cut) => cut < file.length), file.length].sort((one, other) => one - other)) {
    const bytes = file.slice(from, end);
    const isLast = end === file.length;
    const { done, edits } = reader.read(bytes, from, onMark, isLast);
    const until = isLast ? bytes.length : done;
    let written = 0;
    for (const edit of edits) {
      kept.push(bytes.subarray(written, edit.from), edit.bytes ?? new Uint8Array());
      written = edit.to;
    }
    kept.push(bytes.subarray(written, until));
    from += until;
  }
  return Buffer.concat(kept);
}

const FLASH_HEADER = [0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0];
const uint24 = (value: number) => [value >> 16, (value >> 8) & 255, value & 255];

function tag(type: number, ms: number, body: readonly number[]): number[] {
  const size = body.length;
  const head = [type, ...uint24(size), ...uint24(ms & 0xffffff), ms >> 24, 0, 0, 0];
  return [...head, ...body, 0, ...uint24(size + 11)];
}

/** A recording of pictures 25 times a second, each behind the set-up of its decoder. */
function recording(set: readonly number[], pictures: number): number[] {
  const metadata = tag(18, 0, [2, 0, 10, ...Buffer.from('onMetaData'), 8, 0, 0, 0, 0]);
  const setUp = [0x17, 0, 0, 0, 0, 1, 66, 0, 30, 0xff, 0xe1, 0, set.length, ...set, 1, 0, 1, 0x68];
  const all = Array.from({ length: pictures }, (_, index) =>
    tag(9, index * 40, [index % 10 === 0 ? 0x17 : 0x27, 1, 0, 0, 0, 0, 0, 0, 1, index & 255]),
  );
  return [...FLASH_HEADER, ...metadata, ...tag(9, 0, setUp), ...all.flat()];
}

const pieces = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 12 });
const lengths = fc.integer({ min: 15, max: 60 });

/** Times and bodies of the pictures in a Flash video without damage. */
function pictures(file: Uint8Array): { ms: number; body: Uint8Array }[] {
  const found = [];
  for (let at = 13; at < file.length; ) {
    const size = ((file[at + 1] ?? 0) << 16) | ((file[at + 2] ?? 0) << 8) | (file[at + 3] ?? 0);
    const ms = ((file[at + 4] ?? 0) << 16) | ((file[at + 5] ?? 0) << 8) | (file[at + 6] ?? 0);
    const body = file.subarray(at + 11, at + 11 + size);
    if (file[at] === 9 && body[1] === 1) found.push({ ms, body });
    const end = at + 11 + size;
    expect(((file[end + 1] ?? 0) << 16) | ((file[end + 2] ?? 0) << 8) | (file[end + 3] ?? 0)).toBe(size + 11);
    at = end + 4;
  }
  return found;
}

test('joined Flash videos become one in whatever pieces they are read, with every picture at its moment', () => {
  fc.assert(
    fc.property(lengths, lengths, fc.boolean(), pieces, (first, second, differs, cuts) => {
      const file = Uint8Array.from([...recording([0x67, 1], first), ...recording([0x67, differs ? 2 : 1], second)]);
      const finder = new JumpFinder();
      const seen = new FlashReader();
      copied(seen, file, (mark) => finder.see(mark));
      expect([seen.isChanged, seen.misfits]).toEqual([true, []]);
      const [whole, inPieces] = [[], cuts].map((each) => {
        const mender = new ClockMender(finder.epochs(), finder.sparse());
        return copied(new FlashReader(), file, (mark) => mender.shiftOf(mark), each);
      });
      expect(inPieces).toEqual(whole);
      const found = pictures(whole ?? new Uint8Array());
      expect(found.map(({ ms }) => ms)).toEqual(Array.from({ length: first + second }, (_, index) => index * 40));
      // A key frame of the second that stands alone tells its decoder what it needs.
      const sets = found.map(({ body }, index) => [index, body.subarray(9, 11).join()] as const);
      const told = sets.filter(([, set]) => set === '103,2').map(([index]) => index);
      const keys = Array.from({ length: second }, (_, index) => first + index).filter((at) => (at - first) % 10 === 0);
      expect(told).toEqual(differs ? keys : []);
    }),
    { numRuns: 40 },
  );
});

function page(serial: number, flags: number, granule: number, packet: Uint8Array): Uint8Array {
  const lacing = [...Array<number>(Math.floor(packet.length / 255)).fill(255), packet.length % 255];
  const bytes = Uint8Array.from([
    ...Buffer.from('OggS'),
    0,
    flags,
    ...Array(20).fill(0),
    lacing.length,
    ...lacing,
    ...packet,
  ]);
  const whole = { at: 0, end: bytes.length } as Page;
  renamePage(bytes, whole, { serial, sequence: 0, granule: BigInt(granule) });
  return bytes;
}

/** A file of Opus whose pages last a fifth of a second. */
function opus(serial: number, pages: number): Uint8Array {
  const head = Uint8Array.from([...Buffer.from('OpusHead'), 1, 2, 56, 1, 0x80, 0xbb, 0, 0, 0, 0, 0]);
  const tags = Uint8Array.from(Buffer.from('OpusTags'));
  const sound = Array.from({ length: pages }, (_, index) =>
    page(
      serial,
      0,
      (index + 1) * 9_600,
      Uint8Array.from({ length: 300 }, () => index),
    ),
  );
  return Buffer.concat([page(serial, 2, 0, head), page(serial, 0, 0, tags), ...sound]);
}

test('a chain of Ogg files becomes one in whatever pieces it is read, whose pages count on', () => {
  fc.assert(
    fc.property(lengths, lengths, fc.integer({ min: 0, max: 200 }), pieces, (first, second, damage, cuts) => {
      const file = Uint8Array.from(Buffer.concat([opus(7, first), Buffer.alloc(damage, 'Ogg'), opus(8, second)]));
      const whole = copied(new OggReader(), file, () => 0);
      expect(copied(new OggReader(), file, () => 0, cuts)).toEqual(whole);
      const found: Page[] = [];
      for (let at = 0; at < whole.length; ) {
        const each = pageAt(whole, at);
        if (!each || each === 'more') throw new Error(`no page at ${at}`);
        found.push(each);
        at = each.end;
      }
      expect(new Set(found.map(({ serial }) => serial))).toEqual(new Set([7]));
      const counts = found.slice(2).map(({ granule }) => Number(granule));
      // The second leads in by as much as the first, which is not heard twice.
      const due = Array.from({ length: first + second }, (_, index) => (index + 1) * 9_600 - (index < first ? 0 : 312));
      expect(counts).toEqual(due);
    }),
    { numRuns: 40 },
  );
});
