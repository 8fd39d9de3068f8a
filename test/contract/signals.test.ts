import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openNoticeLine } from '../../src/database/postgres.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { PostgresSignals } from '../../src/queue/postgres-signals.ts';
import { LocalSignals, type Signals } from '../../src/queue/signals.ts';
import { freshPostgresUrl } from './databases.ts';

const FOR_EVER_MS = 3_600_000;

interface FreshSignals {
  readonly signals: Signals;
  /** What another process on the same database has; the same where processes share nothing. */
  another(): Promise<Signals>;
  discard(): Promise<void>;
}

const KINDS: readonly { readonly name: string; readonly fresh: () => Promise<FreshSignals> }[] = [
  { name: 'one process', fresh: freshLocal },
  { name: 'PostgreSQL', fresh: freshPostgres },
];

describe.each(KINDS)('signals of $name', ({ fresh }) => {
  let on: FreshSignals;

  beforeEach(async () => {
    on = await fresh();
  });
  afterEach(() => on.discard());

  test('wake everybody who waits on a channel, here and elsewhere, and nobody else', async () => {
    const { signals } = on;
    const other = await on.another();
    const woken: string[] = [];
    const wait = (of: Signals, name: string, channel: string) =>
      of.next(channel, FOR_EVER_MS).then(() => woken.push(name));
    const waits = [wait(signals, 'here', 'a'), wait(signals, 'here too', 'a'), wait(other, 'elsewhere', 'a')];
    const last = wait(other, 'last', 'b');
    signals.notify('a');
    await Promise.all(waits);
    expect(woken.toSorted()).toEqual(['elsewhere', 'here', 'here too']);
    signals.notify('b');
    await last;
  });

  test('go both ways', async () => {
    const other = await on.another();
    const heard = on.signals.next('a', FOR_EVER_MS);
    other.notify('a');
    await heard;
  });

  test('a wait ends by itself, and when its reader is gone', async () => {
    await on.signals.next('a', 1);
    const gone = new AbortController();
    const wait = on.signals.next('a', FOR_EVER_MS, gone.signal);
    gone.abort();
    await wait;
  });

  test('many at once all arrive, each channel at least once', async () => {
    const other = await on.another();
    const channels = Array.from({ length: 500 }, (_, at) => `asset:${at}`);
    const heard = channels.map((channel) => other.next(channel, FOR_EVER_MS));
    for (const channel of channels) on.signals.notify(channel);
    await Promise.all(heard);
  });
});

async function freshLocal(): Promise<FreshSignals> {
  const signals = new LocalSignals();
  return { signals, another: async () => signals, discard: async () => {} };
}

async function freshPostgres(): Promise<FreshSignals> {
  const { url, drop } = await freshPostgresUrl();
  const all: PostgresSignals[] = [];
  const another = async () => {
    const signals = new PostgresSignals((heard) => openNoticeLine(url, heard), silentLog);
    all.push(signals);
    await signals.start();
    return signals;
  };
  return {
    signals: await another(),
    another,
    discard: async () => {
      for (const each of all) await each.stop();
      await drop();
    },
  };
}
