import { Link, LinkedQueue } from './linked-queue.ts';
import type { Eviction } from './simulated-cache.ts';
import type { Access } from './traces.ts';

/** What was not asked for the longest leaves first. */
export class Lru implements Eviction<Link> {
  readonly #queue = new LinkedQueue();

  add(item: Access): Link {
    const link = new Link(item);
    this.#queue.push(link);
    return link;
  }

  touch(link: Link): void {
    this.#queue.remove(link);
    this.#queue.push(link);
  }

  evict(): Access | undefined {
    const { oldest } = this.#queue;
    if (oldest) this.#queue.remove(oldest);
    return oldest?.item;
  }
}
