import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freshFolder } from '../harness/folder.ts';
import { TestServer } from '../harness/server.ts';

let folder: string;
let server: TestServer;

beforeEach(async () => {
  folder = await freshFolder();
  server = await start();
});

afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const start = () => TestServer.start({ folder, roles: 'control,origin,edge' });

interface Shown {
  readonly id: string;
  readonly config: { readonly comment: string; readonly cacheBehaviors: readonly unknown[] };
}

/** The number of a change stands in its comment, and its behaviours are as many. */
const numbered = (number: number) => ({
  comment: `${number}`,
  origins: [{ id: 'site', domainName: 'origin.example' }],
  defaultCacheBehavior: { targetOriginId: 'site' },
  cacheBehaviors: Array.from({ length: number }, (_, at) => ({ pathPattern: `/${at}/*`, targetOriginId: 'site' })),
});

const replace = (id: string, number: number) =>
  fetch(`${server.run.control}/v1/distributions/${id}`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${server.run.adminToken}`,
      'content-type': 'application/json',
      'if-match': '*',
    },
    body: JSON.stringify(numbered(number)),
  });

test('control killed during changes has each as a whole, with its record, and none that was answered is lost', async () => {
  const { id } = (await (await server.api('POST', '/v1/distributions', numbered(0))).json()) as Shown;
  let answered = 0;
  const changing = async () => {
    for (let number = 1; number <= 200; number += 1) {
      if (!(await replace(id, number)).ok) throw new Error(`change ${number} was refused`);
      answered = number;
    }
  };
  const broken = changing().then(
    () => 'all were answered',
    (cause: unknown) => cause,
  );
  while (answered < 10) await new Promise(setImmediate);
  await server.kill();
  expect(await broken).toBeInstanceOf(TypeError);
  server = await start();

  const { config } = (await (await server.api('GET', `/v1/distributions/${id}`)).json()) as Shown;
  const number = Number(config.comment);
  expect(number).toBeGreaterThanOrEqual(answered);
  expect(config.cacheBehaviors).toHaveLength(number);
  const log = await server.api('GET', `/v1/audit-log?resource=distributions/${id}`);
  const [newest] = ((await log.json()) as { items: { after: Shown }[] }).items;
  expect(newest?.after.config).toEqual(config);
});
