import type { Access } from './traces.ts';

export class Link {
  readonly item: Access;
  /** Asked for since it was last looked at. */
  visited = false;
  queue: LinkedQueue | undefined;
  newer: Link | undefined;
  older: Link | undefined;

  constructor(item: Access) {
    this.item = item;
  }
}

/** Entries from the newest to the oldest. */
export class LinkedQueue {
  bytes = 0;
  newest: Link | undefined;
  oldest: Link | undefined;

  push(link: Link): void {
    link.queue = this;
    link.newer = undefined;
    link.older = this.newest;
    if (this.newest) this.newest.newer = link;
    else this.oldest = link;
    this.newest = link;
    this.bytes += link.item.sizeBytes;
  }

  remove(link: Link): void {
    if (link.older) link.older.newer = link.newer;
    else this.oldest = link.newer;
    if (link.newer) link.newer.older = link.older;
    else this.newest = link.older;
    link.queue = link.newer = link.older = undefined;
    this.bytes -= link.item.sizeBytes;
  }
}
