import type { AddWork, DeliveryKey } from '../../database/webhook-deliveries.ts';
import type { Job, NewJob, Queue } from '../../queue/queue.ts';

export const WEBHOOK_KIND = 'webhook';
const PRIORITY_WEBHOOK = 500;

/** Adds one job a delivery. Their subject is the endpoint: what is cancelled with it are its own deliveries. */
export function addJobsTo(queue: Pick<Queue, 'addWithin'>): AddWork {
  return (trx, deliveries) => queue.addWithin(trx, deliveries.map(jobOf));
}

function jobOf({ id, webhookId }: DeliveryKey): NewJob {
  const segments = { lanes: [], firstSegment: 0, endSegment: 0 };
  return {
    kind: WEBHOOK_KIND,
    subject: webhookId,
    payload: { deliveryId: id },
    priority: PRIORITY_WEBHOOK,
    ...segments,
  };
}

export function deliveryIdOf(job: Job): string {
  return (job.payload as { deliveryId: string }).deliveryId;
}
