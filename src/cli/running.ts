/**
 * Keeps a server until it is told to end: the first SIGINT or SIGTERM lets it finish what runs, a second one does not
 * wait any longer.
 */
export async function runUntilSignal(server: { stop(): Promise<void> }): Promise<void> {
  await new Promise<void>((resolve) => {
    let told = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (told) process.exit(signal === 'SIGINT' ? 130 : 143);
        told = true;
        resolve();
      });
    }
  });
  await server.stop();
}
