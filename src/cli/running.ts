import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's space for young objects at the size it starts with. Left to grow, it holds a hundred megabytes of buffers of
 * an upload that have long been written (248 MiB resident while one arrives, 173 so). Not for an edge that stands alone: no
 * upload comes there, and collecting ever so often costs it a third of its playlists. To be called before a server's
 * modules are loaded.
 */
export function keepYoungSpaceSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * Keeps a server until it is told to end: the first SIGINT or SIGTERM lets it finish what runs, a second one does not
 * wait any longer. `told` is another way to be told.
 */
export async function runUntilSignal(server: { stop(): Promise<void> }, told?: Promise<unknown>): Promise<void> {
  await new Promise<void>((resolve) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(signal === 'SIGINT' ? 130 : 143);
        asked = true;
        resolve();
      });
    }
    told?.then(() => resolve());
  });
  await server.stop();
}
