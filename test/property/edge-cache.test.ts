import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CachedObject } from '../../src/edge/cache/cached-object.ts';
import { type Answer, Fill, type FillOwner } from '../../src/edge/cache/fill.ts';
import { MemoryTier } from '../../src/edge/cache/memory-tier.ts';
import { PartialObject } from '../../src/edge/cache/partial-object.ts';
import { Representation } from '../../src/edge/cache/representation.ts';

const lifetime = { freshSeconds: 60, staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0 };

function object(key: string, sizeBytes: number): CachedObject {
  const head = new Representation({ status: 200, fields: [] }, 0);
  return new CachedObject(key, head, Buffer.alloc(sizeBytes), { bornAtMs: 0, lifetime });
}

const key = fc.integer({ min: 0, max: 40 }).map(String);
const step = fc.oneof(
  fc.record({ do: fc.constant('put' as const), key, bytes: fc.integer({ min: 0, max: 30_000 }) }),
  fc.record({ do: fc.constant('get' as const), key }),
  fc.record({ do: fc.constant('delete' as const), key }),
  fc.record({ do: fc.constant('reserve' as const), bytes: fc.integer({ min: 0, max: 60_000 }) }),
  fc.record({ do: fc.constant('release' as const) }),
);

test('entries and reservations together never pass the limit, and the count is exact', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const tier = new MemoryTier(100_000);
      const reserved: number[] = [];
      for (const each of steps) {
        if (each.do === 'put') tier.put(object(each.key, each.bytes));
        else if (each.do === 'get') tier.get(each.key);
        else if (each.do === 'delete') tier.delete(each.key);
        else if (each.do === 'reserve') {
          if (tier.reserve(each.bytes)) reserved.push(each.bytes);
        } else tier.release(reserved.pop() ?? 0);
        expect(tier.usedBytes).toBeLessThanOrEqual(100_000);
      }
      for (const bytes of reserved) tier.release(bytes);
      for (let each = 0; each <= 40; each += 1) tier.delete(String(each));
      expect([tier.usedBytes, tier.entryCount]).toEqual([0, 0]);
    }),
  );
});

test('what is asked for again survives a flood of what is asked for once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 2_000 }), (flood) => {
      const tier = new MemoryTier(400_000);
      const loved = Array.from({ length: 20 }, (_, at) => `loved ${at}`);
      for (const each of loved) tier.put(object(each, 4_000));
      for (const each of loved) tier.get(each);
      for (let at = 0; at < flood; at += 1) {
        tier.put(object(`once ${at}`, 4_000));
        if (at % 10 === 0) for (const each of loved) tier.get(each);
      }
      expect(loved.filter((each) => tier.get(each)).length).toBe(loved.length);
    }),
    { numRuns: 20 },
  );
});

function ownerOf(keep: boolean, declaredBytes: number | undefined): FillOwner & { stored: Buffer[] } {
  const stored: Buffer[] = [];
  const head = new Representation({ status: 200, fields: [] }, 0);
  const admission = { keep, shared: true, reason: undefined, lifetime, varyNames: [], unkeptFields: [] };
  const answer: Answer = { head, sharedHead: head, admission, declaredBytes, bornAtMs: 0, variant: '' };
  return {
    stored,
    judge: () => answer,
    askAgain: () => {
      throw new Error('nobody asks again here');
    },
    reserve: () => true,
    unkept: () => {},
    store: (_fill, _answer, body) => {
      stored.push(body);
      return undefined;
    },
    ended: () => {},
  };
}

test('readers who come and read at any time get the same bytes, in order and once', () => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 30 });
  // At each point in time: how many chunks each of four readers takes.
  const paces = fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)), { minLength: 40, maxLength: 40 });
  fc.assert(
    fc.property(chunks, paces, fc.boolean(), (given, pace, keep) => {
      const whole = Buffer.concat(given);
      const owner = ownerOf(keep, whole.length);
      const fill = new Fill({ key: 'k', startedAtMs: 0, bodiless: false, background: false, ahead: false }, owner);
      const readers = [fill.join(), fill.join(), fill.join(), fill.join()];
      const taken: Buffer[][] = readers.map(() => []);
      const read = (times: readonly number[]) => {
        for (const [at, reader] of readers.entries()) {
          for (let time = 0; time < (times[at] ?? 0); time += 1) {
            const chunk = reader.take();
            if (chunk) taken[at]?.push(chunk);
          }
        }
      };
      fill.head({ status: 200, fields: [] });
      for (const [at, chunk] of given.entries()) {
        fill.data(Buffer.from(chunk));
        read(pace[at] ?? []);
      }
      fill.end();
      read([99, 99, 99, 99]);
      expect(fill.state).toBe('complete');
      for (const each of taken) expect(Buffer.concat(each).equals(whole)).toBe(true);
      expect(owner.stored.map((body) => body.equals(whole))).toEqual(keep ? [true] : []);
    }),
  );
});

test('a body of another length than was promised never counts as complete', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, declared) => {
      fc.pre(bytes.length !== declared);
      const owner = ownerOf(true, declared);
      const fill = new Fill({ key: 'k', startedAtMs: 0, bodiless: false, background: false, ahead: false }, owner);
      fill.join();
      fill.head({ status: 200, fields: [] });
      fill.data(Buffer.from(bytes));
      fill.end();
      expect([fill.state, fill.fault?.code, owner.stored.length]).toEqual(['failed', 'ORIGIN_TRUNCATED', 0]);
    }),
  );
});

test('parts joined in any order serve the bytes of the body, or say that some are missing', () => {
  const body = Buffer.from(Array.from({ length: 60 }, (_, at) => at));
  const range = fc.tuple(fc.nat(59), fc.nat(59)).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) + 1 }));
  const head = new Representation({ status: 206, fields: ['ETag', '"1"'] }, 0);
  fc.assert(
    fc.property(fc.array(range, { minLength: 1, maxLength: 8 }), fc.array(range, { maxLength: 8 }), (given, wanted) => {
      const held = new Set<number>();
      let parts: PartialObject | undefined;
      for (const { start, end } of given) {
        const piece = { start, bytes: body.subarray(start, end) };
        const part = new PartialObject('k', head, { bornAtMs: 0, lifetime }, body.length, [piece]);
        parts = parts ? parts.joinedBy(part) : part;
        for (let at = start; at < end; at += 1) held.add(at);
        expect(parts.heldBytes).toBe(held.size);
      }
      for (const { start, end } of wanted) {
        const isHeld = Array.from({ length: end - start }, (_, at) => held.has(start + at)).every(Boolean);
        const bytes = parts?.bytesOf({ start, end });
        expect(bytes && [...bytes]).toEqual(isHeld ? [...body.subarray(start, end)] : undefined);
      }
      expect(parts?.whole()?.body.equals(body)).toBe(held.size === body.length ? true : undefined);
    }),
    { numRuns: 500 },
  );
});
