import type { TestProject } from 'vitest/node';
import { PostgresServer } from './postgres.ts';

/** One server for all files of a ring; each test makes a database of its own on it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await PostgresServer.start();
  project.provide('postgresUrl', server.url());
  return () => server.remove();
}

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
  }
}
