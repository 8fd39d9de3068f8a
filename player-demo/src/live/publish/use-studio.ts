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
  const starting = useRef(false);
  const isGone = useRef(false);
  const { streamId } = stream;
  const address = stream.ingest.websocket ?? defaultAddress();

  const showPicture = useCallback((next: Picture | undefined) => {
    open.current?.stop();
    open.current = next;
    setPicture(next);
  }, []);

  const finish = useCallback(async () => {
    const ending = publisher.current;
    publisher.current = undefined;
    await ending?.finish();
  }, []);

  /** Sharing was ended in the browser's own bar, or a device was unplugged. */
  const takenAway = useCallback(
    async (from: Picture, track: MediaStreamTrack) => {
      if (open.current !== from) return;
      setProblem(track.kind === 'audio' ? 'The microphone is gone: there is no sound.' : 'The picture is gone.');
      if (track.kind === 'audio') return;
      await finish();
      if (open.current === from) showPicture(undefined);
    },
    [finish, showPicture],
  );

  const choose = useCallback(
    async (kind: PictureKind) => {
      setOpening(true);
      setProblem(undefined);
      try {
        const next = await openPicture(kind);
        // The page was left while the browser asked: nobody is there to see that a camera is on.
        if (isGone.current) next.stop();
        else showPicture(next);
        for (const track of next.stream.getTracks())
          track.addEventListener('ended', () => void takenAway(next, track), { once: true });
      } catch (thrown) {
        setProblem(explainRefusal(thrown));
      } finally {
        setOpening(false);
      }
    },
    [showPicture, takenAway],
  );

  const goLive = useCallback(
    async (videoBps: number) => {
      const shown = open.current;
      // A second press comes before the first one has its key.
      if (!shown || publisher.current || starting.current) return;
      starting.current = true;
      setProblem(undefined);
      try {
        const streamKey = await api.live.streamKey(streamId);
        if (open.current !== shown || isGone.current) return;
        const next = new Publisher({ address, streamKey, stream: shown.stream, videoBps });
        publisher.current = next;
        next.state.watch(() => {
          const { phase } = next.state.value;
          if (phase === 'refused' || phase === 'finished') forget(publisher, next);
          setPublishing(next.state.value);
        });
        setPublishing(next.state.value);
        next.start();
      } catch (thrown) {
        setProblem(Problem.from(thrown).message);
      } finally {
        starting.current = false;
      }
    },
    [streamId, address],
  );

  useEffect(() => {
    isGone.current = false;
    return () => {
      isGone.current = true;
      publisher.current?.abandon();
      open.current?.stop();
    };
  }, []);

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

function forget(current: { current: Publisher | undefined }, publisher: Publisher): void {
  if (current.current === publisher) current.current = undefined;
}

function defaultAddress(): string {
  return new URL('/live/ingest', location.href.replace(/^http/, 'ws').replace(/#.*/, '')).href;
}
