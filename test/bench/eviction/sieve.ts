import { Link, LinkedQueue } from './linked-queue.ts';
import type { Eviction } from './simulated-cache.ts';
import type { Access } from './traces.ts';

/**
 * SIEVE (Zhang and others, NSDI 2024, algorithm 1): one queue in order of arrival, and a hand that walks from the oldest to
 * the newest. It spares what was visited, takes the mark away, and evicts the first without one; nothing is moved.
 */
export class Sieve implements Eviction<Link> {
  readonly #queue = new LinkedQueue();
  #hand: Link | undefined;

  add(item: Access): Link {
    const link = new Link(item);
    this.#queue.push(link);
    return link;
  }

  touch(link: Link): void {
    link.visited = true;
  }

  evict(): Access | undefined {
    let link = this.#hand ?? this.#queue.oldest;
    while (link?.visited) {
      link.visited = false;
      link = link.newer ?? this.#queue.oldest;
    }
    if (!link) return undefined;
    this.#hand = link.newer;
    this.#queue.remove(link);
    return link.item;
  }
}
