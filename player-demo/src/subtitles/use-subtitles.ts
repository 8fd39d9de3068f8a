import { useCallback, useEffect, useState } from 'preact/hooks';
import { Problem } from '../api/problem.ts';
import type { Subtitles } from '../api/shapes.ts';
import { api } from '../session.ts';

/** While some are being cut into segments; that takes a second or two. */
const LOOK_AGAIN_MS = 1_000;

interface SubtitleList {
  /** undefined before the first reading. */
  readonly list: readonly Subtitles[] | undefined;
  readonly problem: Problem | undefined;
  readonly refresh: () => void;
}

/** A film's subtitles, read again while one of them is not published yet and whenever `key` changes. */
export function useSubtitles(assetId: string, key: string): SubtitleList {
  const [list, setList] = useState<readonly Subtitles[]>();
  const [problem, setProblem] = useState<Problem>();
  const [round, setRound] = useState(0);
  const refresh = useCallback(() => setRound((count) => count + 1), []);
  useEffect(() => {
    let current = true;
    api.listSubtitles(assetId).then(
      (read) => {
        if (!current) return;
        setList(read);
        setProblem(undefined);
      },
      (thrown: unknown) => current && setProblem(Problem.from(thrown)),
    );
    return () => {
      current = false;
    };
  }, [assetId, key, round]);
  const isPending = list?.some(({ status }) => status === 'pending') ?? false;
  useEffect(() => {
    if (!isPending) return;
    const timer = setInterval(refresh, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [isPending, refresh]);
  return { list, problem, refresh };
}
