import { useEffect, useState } from 'preact/hooks';
import type { LiveSource } from '../live-source.ts';
import type { PlaylistAnswer } from './phase.ts';

const FIRST_MS = 3_000;
const EVERY_MS = 5_000;

/** What asking for the playlist says, from time to time while nobody tells; undefined when it was not asked. */
export function usePlaylistProbe(source: LiveSource, isWanted: boolean): PlaylistAnswer | undefined {
  const [answer, setAnswer] = useState<PlaylistAnswer>();
  useEffect(() => {
    if (!isWanted) {
      setAnswer(undefined);
      return;
    }
    let current = true;
    const ask = async (): Promise<void> => {
      const next = await source
        .read()
        .then(({ masterUrl, withCredentials }) => {
          const credentials = withCredentials ? 'include' : 'omit';
          return fetch(masterUrl, { cache: 'no-store', credentials });
        })
        .then(({ ok, status }): PlaylistAnswer => (ok ? 'there' : status === 403 ? 'refused' : 'missing'))
        .catch((): PlaylistAnswer => 'missing');
      if (!current) return;
      setAnswer(next);
      timer = setTimeout(() => void ask(), EVERY_MS);
    };
    let timer = setTimeout(() => void ask(), FIRST_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [source, isWanted]);
  return answer;
}
