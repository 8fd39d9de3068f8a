import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { LiveStream } from '../../api/live-shapes.ts';
import { Problem } from '../../api/problem.ts';
import { api } from '../../session.ts';
import { explainRefusal, openPicture, type PictureKind } from './picture-source.ts';
import { Publisher, type PublisherState } from './publisher.ts';
import type { Picture } from './test-picture.ts';

export interface Studio {
  readonly picture: Picture | undefined;
  readonly opening: boolean;
  readonly problem: string | undefined;
  readonly publishing: PublisherState | undefined;
  openPicture(kind: PictureKind): Promise<void>;
  closePicture(): void;
  goLive(videoBps: number): Promise<void>;
  finish(): Promise<void>;
}

/** One picture and one publisher, which end with the page. */
export function useStudio(stream: LiveStream): Studio {
  const [picture, setPicture] = useState<Picture>();
  const [opening, setOpening] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [publishing, setPublishing] = useState<PublisherState>();
  const publisher = useRef<Publisher | undefined>(undefined);
  const open = useRef<Picture | undefined>(undefined);
  const { streamId } = stream;
  const address = stream.ingest.websocket ?? defaultAddress();

  const showPicture = useCallback((next: Picture | undefined) => {
    open.current?.stop();
    open.current = next;
    setPicture(next);
  }, []);

  const choose = useCallback(
    async (kind: PictureKind) => {
      setOpening(true);
      setProblem(undefined);
      try {
        showPicture(await openPicture(kind));
      } catch (thrown) {
        setProblem(explainRefusal(thrown));
      } finally {
        setOpening(false);
      }
    },
    [showPicture],
  );

  const finish = useCallback(async () => {
    const ending = publisher.current;
    publisher.current = undefined;
    await ending?.finish();
  }, []);

  const goLive = useCallback(
    async (videoBps: number) => {
      if (!open.current) return;
      setProblem(undefined);
      try {
        const streamKey = await api.live.streamKey(streamId);
        const next = new Publisher({ address, streamKey, stream: open.current.stream, videoBps });
        publisher.current = next;
        next.state.watch(() => setPublishing(next.state.value));
        setPublishing(next.state.value);
        // A screen whose sharing was ended in the browser's own bar sends nothing any more.
        const [track] = open.current.stream.getVideoTracks();
        track?.addEventListener('ended', () => void finish(), { once: true });
        next.start();
      } catch (thrown) {
        setProblem(Problem.from(thrown).message);
      }
    },
    [streamId, address, finish],
  );

  useEffect(
    () => () => {
      publisher.current?.abandon();
      open.current?.stop();
    },
    [],
  );

  return {
    picture,
    opening,
    problem,
    publishing,
    openPicture: choose,
    closePicture: useCallback(() => showPicture(undefined), [showPicture]),
    goLive,
    finish,
  };
}

function defaultAddress(): string {
  return new URL('/live/ingest', location.href.replace(/^http/, 'ws').replace(/#.*/, '')).href;
}
