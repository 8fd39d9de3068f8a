import type { Exchange, Step } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';

/** Another path's answer, sent instead of an error. */
export interface ErrorPage {
  /** Under this status. */
  readonly status: number;
  /** What the viewer asked for, for facts and logs. */
  readonly askedPath: string;
}

/**
 * Goes for the page that the operator has for an error, by the behaviour that the page falls under: from there on the
 * exchange is about that page. Undefined where there is none. What is wrong with the page itself is told as it is.
 */
export function goForPage(x: Exchange, errorCode: number, { behavior }: EdgeParts): Step | Promise<Step> | undefined {
  if (errorCode < 400 || !behavior || !mayGetPage(x)) return undefined;
  const page = behavior.errorPage(errorCode);
  if (!page) return undefined;
  // Nobody reads the rest of an error that is kept; without it the origin would be asked about it each time.
  if (x.fill?.kept) x.fill.goOnAlone();
  leave(x);
  x.page = { status: page.status, askedPath: x.path };
  x.target = page.path;
  x.rootObject = undefined;
  x.phases = behavior.phasesAt(x);
  return x.phases.route(x);
}

/** An edge has to know about the error, which it keeps for another time than a page. */
function mayGetPage({ method, page, upgrade, fromEdge }: Exchange): boolean {
  return (method === 'GET' || method === 'HEAD') && !page && !upgrade && !fromEdge;
}

/** Nothing of the first answer is of use for the second. */
function leave(x: Exchange): void {
  x.reader?.leave();
  x.onDisk?.close();
  x.reader = undefined;
  x.fill = undefined;
  x.onDisk = undefined;
  x.object = undefined;
  x.brought = undefined;
  x.stale = undefined;
  x.beginning = undefined;
  x.part = undefined;
  x.setback = undefined;
  x.film = undefined;
  x.live = undefined;
  x.credential = undefined;
  x.grant = undefined;
  x.refusalCode = undefined;
  x.reply = undefined;
  x.seeks = 0;
  x.joins = 0;
  x.leads = false;
  x.alone = false;
}
