import { Upstream, type UpstreamTimes } from '../upstream.ts';

/** What was asked of one server, and what came of it. */
interface MemberCounts {
  requests: number;
  /** No connection, or no answer that could be read, within the times. */
  failures: number;
  /** Requests that went on to the next one. */
  failovers: number;
}

/** One server of a group. */
export class Member {
  /** Host and port, for logs and metrics. */
  readonly name: string;
  readonly url: URL;
  readonly upstream: Upstream;
  readonly counts: MemberCounts = { requests: 0, failures: 0, failovers: 0 };

  constructor(url: string, times: UpstreamTimes) {
    this.upstream = new Upstream(url, times);
    this.url = this.upstream.url;
    this.name = this.url.host;
  }
}
