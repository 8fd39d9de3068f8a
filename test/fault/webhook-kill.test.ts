import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freshFolder } from '../harness/folder.ts';
import { TestServer } from '../harness/server.ts';
import { WebhookReceiver } from '../harness/webhook-receiver.ts';

let folder: string;
let receiver: WebhookReceiver;
let server: TestServer;

beforeEach(async () => {
  folder = await freshFolder();
  receiver = new WebhookReceiver();
  await receiver.start();
  server = await start();
});

afterEach(async () => {
  await server.stop();
  await receiver.stop();
  await rm(folder, { recursive: true, force: true });
});

const start = () => TestServer.start({ folder, environment: { FRONTROW_WEBHOOK_ALLOW_PRIVATE: 'true' } });

test('a server killed while an endpoint makes up its mind tells it again after its next start', async () => {
  receiver.answer = () => {};
  const made = await server.api('POST', '/v1/webhooks', { url: receiver.url() });
  const { webhookId } = (await made.json()) as { webhookId: string };
  await server.api('POST', `/v1/webhooks/${webhookId}/test`);
  const [first] = await receiver.until(1);
  await server.kill();
  receiver.answer = (response) => response.end();
  server = await start();
  const [, second] = await receiver.until(2);
  expect(second?.message).toEqual(first?.message);
  expect(second?.headers['frontrow-delivery-id']).toBe(first?.headers['frontrow-delivery-id']);
});
