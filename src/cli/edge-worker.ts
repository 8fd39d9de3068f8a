import type { EdgeAddress } from '../main.ts';
import { failureOf } from './failure.ts';
import { runUntilSignal } from './running.ts';
import type { WorkerNews, WorkerTask } from './workers.ts';

/** One process of an edge with several: waits for its task, serves, and ends when it is told or its parent is gone. */
async function work(task: WorkerTask): Promise<void> {
  const { settings, target, share } = task;
  const { serveEdge } = await import('../main.ts');
  const server = await serveEdge(settings, target, {
    folder: share.folder,
    ticketSecret: Buffer.from(share.ticketSecret, 'hex'),
  });
  const { url, port, tlsUrl } = server;
  tell({ ready: { url, port, tlsUrl } satisfies EdgeAddress });
  await runUntilSignal(server, new Promise((resolve) => process.once('message', resolve)));
  process.exit(0);
}

function tell(news: WorkerNews): void {
  process.send?.(news);
}

// Without its parent nobody would ever tell it to stop.
process.once('disconnect', () => process.exit(1));
process.once('message', (task: WorkerTask) => {
  work(task).catch((cause: unknown) => {
    const failure = failureOf(cause);
    if (!failure) console.error(cause);
    const { code, message } = failure ?? { code: 'INTERNAL', message: String(cause) };
    process.send?.({ failed: { code, message } } satisfies WorkerNews, () => process.exit(1));
  });
});
