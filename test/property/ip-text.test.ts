import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIpRange } from '../../src/kernel/address.ts';
import { ipRangeText } from '../../src/kernel/ip-text.ts';

// What signers write and what edges read: two ways to look at an address, since a signer brings no package for it.

const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV4().map((text) => `::ffff:${text}`),
  fc.stringMatching(/^[0-9a-fx.:%\]/]{0,20}$/),
  fc.string({ maxLength: 20 }),
);
const range = fc.oneof(
  address,
  fc.tuple(address, fc.integer({ min: 0, max: 140 })).map(([text, bits]) => `${text}/${bits}`),
);

test('what a signer takes for an address an edge reads as the same one', () => {
  fc.assert(
    fc.property(range, (text) => {
      const written = ipRangeText(text);
      if (written !== undefined) expect(parseIpRange(written)?.text).toBe(written);
    }),
    { numRuns: 2_000 },
  );
});

test('every usual spelling of an address is one to a signer', () => {
  const usual = fc.oneof(
    fc.ipV4(),
    // An IPv4 address at the end is usual in one form only, the next.
    fc.ipV6().filter((text) => !text.includes('.')),
    fc.ipV4().map((text) => `::ffff:${text}`),
  );
  fc.assert(
    fc.property(usual, (text) => {
      expect(ipRangeText(text)).toBe(parseIpRange(text)?.text);
    }),
  );
});
