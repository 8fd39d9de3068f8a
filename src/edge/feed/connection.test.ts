import { expect, test } from 'vitest';
import { Fault } from '../../kernel/errors.ts';
import type { Upstream, UpstreamSink } from '../upstream.ts';
import { followOnce } from './connection.ts';

const line = (revision: number) =>
  `${JSON.stringify({ lineage: 'l', revision, nowMs: 0, beatMs: 60_000, sections: {} })}\n`;

test('of messages that wait when an answer breaks off none is taken: the next answer may be ahead of them', async () => {
  const opened = Promise.withResolvers<UpstreamSink>();
  const control = {
    send: (_request: unknown, sink: UpstreamSink) => {
      opened.resolve(sink);
      return { abort: () => {}, resume: () => {} };
    },
  } as unknown as Upstream;
  const inHand = Promise.withResolvers<void>();
  const taken: number[] = [];
  const following = followOnce({
    control,
    target: '/',
    fields: [],
    take: async ({ revision }) => {
      taken.push(revision);
      await inHand.promise;
    },
    told: () => {},
    signal: new AbortController().signal,
  });
  const sink = await opened.promise;
  sink.data(Buffer.from(line(1) + line(2) + line(3)));
  sink.fail(new Fault('ORIGIN_TRUNCATED'));
  await expect(following).rejects.toMatchObject({ code: 'ORIGIN_TRUNCATED' });
  sink.data(Buffer.from(line(4)));
  inHand.resolve();
  await new Promise(setImmediate);
  expect(taken).toEqual([1]);
});
