import type { LiveStream } from '../../api/live-shapes.ts';
import { api } from '../../session.ts';
import type { PictureKind } from './picture-source.ts';

/** The stream that is used for want of another: one, however often somebody goes live without naming any. */
const TITLE = 'From this browser';

interface Start {
  readonly streamId: string;
  readonly kind: PictureKind;
}

/** What the next studio begins with. Not in the address: a page that is reloaded, or sent to somebody, begins nothing. */
let next: Start | undefined;

/** A stream for a picture that was chosen before any stream was, and the wish to show it there. */
export async function prepareQuickStart(kind: PictureKind, known: readonly LiveStream[]): Promise<string> {
  const usual = known.find(({ title, status, isDisabled }) => title === TITLE && status === 'idle' && !isDisabled);
  const { streamId } = usual ?? (await api.live.create({ title: TITLE, policy: 'public' }));
  next = { streamId, kind };
  return streamId;
}

/** The picture that this studio was opened for, once. */
export function takeQuickStart(streamId: string): PictureKind | undefined {
  if (next?.streamId !== streamId) return undefined;
  const { kind } = next;
  next = undefined;
  return kind;
}
