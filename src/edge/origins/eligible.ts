/** How a server stands when a request is about to be sent. */
export interface Standing {
  /** As the checks have it. */
  readonly up: boolean;
  /** Its circuit lets a request through. */
  readonly admits: boolean;
}

/**
 * Who is asked, in the order given. A check may be wrong, and does no harm when all are: then those that are down are asked
 * all the same. A circuit that is open has seen requests fail, so nobody is sent there.
 */
export function eligible<S extends Standing>(servers: readonly S[]): S[] {
  const admitting = servers.filter((each) => each.admits);
  const up = admitting.filter((each) => each.up);
  return up.length > 0 ? up : admitting;
}
