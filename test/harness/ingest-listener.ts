import type { FastifyInstance } from 'fastify';
import { silentLog } from '../../src/kernel/log.ts';
import { buildBrowserListener } from '../../src/live/browser-listener.ts';

interface BrowserDoor {
  mount(app: FastifyInstance): void;
  stop(): void;
}

export interface OpenDoors {
  readonly port: number;
  /** The doors, then their listener. */
  stop(): Promise<void>;
}

/** A listener for doors that browsers use, as a node without control has it; `mountMore` adds routes of the test's own. */
export async function openDoors(
  doors: readonly BrowserDoor[],
  mountMore: (app: FastifyInstance) => void = () => undefined,
): Promise<OpenDoors> {
  const mountDoors = (app: FastifyInstance) => {
    for (const door of doors) door.mount(app);
    mountMore(app);
  };
  const app = await buildBrowserListener({ mountDoors }, silentLog);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    stop: async () => {
      for (const door of doors) door.stop();
      await app.close();
    },
  };
}
