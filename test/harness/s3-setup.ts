import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { S3Server } from './s3.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address that answers with an S3Access once the S3 server of this run is up; the first to ask has it started. */
    readonly s3Starter: string;
  }
}

/** One S3 server for a whole test run, started when the first test asks for it and stopped with the run. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  let server: Promise<S3Server> | undefined;
  const starter = createServer((_request, response) => {
    server ??= S3Server.start();
    server.then(
      ({ access }) => response.end(JSON.stringify(access)),
      (cause: unknown) => response.writeHead(500).end(String(cause)),
    );
  });
  await new Promise<void>((resolve) => starter.listen(0, '127.0.0.1', resolve));
  project.provide('s3Starter', `http://127.0.0.1:${(starter.address() as AddressInfo).port}`);
  return async () => {
    starter.close();
    await (await server?.catch(() => undefined))?.stop();
  };
}
