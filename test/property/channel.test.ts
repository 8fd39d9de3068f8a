import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FrameHeader, parseFrameHeader, writeFrame } from '../../src/kernel/live/channel-frame.ts';
import { parseChannelRequest } from '../../src/kernel/live/channel-request.ts';

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const header: fc.Arbitrary<FrameHeader> = fc.record({
  kind: fc.constantFrom('init', 'part'),
  isIndependent: fc.boolean(),
  isDiscontinuity: fc.boolean(),
  rendition: fc.integer({ min: 0, max: 255 }),
  broadcast: uint32,
  session: uint32,
  sequence: uint32,
  part: uint32,
  timescale: uint32,
  durationTicks: uint32,
  startTicks: fc.maxSafeNat(),
  clockMs: fc.double({ min: 0, max: 4e12, noNaN: true }),
});

describe('media frames', () => {
  test('what is written is read back, and the media behind it untouched', () => {
    fc.assert(
      fc.property(header, fc.uint8Array(), (written, media) => {
        const frame = writeFrame(written, media);
        expect(parseFrameHeader(frame)).toEqual(written);
        expect(frame.subarray(48)).toEqual(media);
      }),
    );
  });

  test('no bytes make the parser throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        parseFrameHeader(bytes);
      }),
    );
  });
});

describe('requests of viewers', () => {
  test('no text makes the parser throw, and what it lets through has no more fields than the protocol', () => {
    const type = fc.constantFrom('subscribe', 'unsubscribe', 'resume', 'chat', 'reaction', 'authorize', 'ping');
    const fields = fc.dictionary(
      fc.constantFrom('events', 'video', 'audio', 'epoch', 'sequence', 'text', 'name', 'reaction', 'token', 'x'),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(type, fields, (name, rest) => {
        const request = parseChannelRequest(JSON.stringify({ ...rest, type: name }));
        if (request) expect(Object.keys(request)).not.toContain('x');
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => parseChannelRequest(text) === undefined));
  });
});
