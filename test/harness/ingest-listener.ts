import type { FastifyInstance } from 'fastify';
import { silentLog } from '../../src/kernel/log.ts';
import { buildBrowserListener } from '../../src/live/browser-listener.ts';

/** A listener for the doors that browsers use, as a node without control has it; resolves with it and its port. */
export async function openListener(mountDoors: (app: FastifyInstance) => void): Promise<[FastifyInstance, number]> {
  const app = await buildBrowserListener({ mountDoors }, silentLog);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  return [app, typeof address === 'object' && address ? address.port : 0];
}
