import { useEffect, useState } from 'preact/hooks';
import type { LiveSource } from '../live-source.ts';

const FIRST_MS = 3_000;
const EVERY_MS = 5_000;

/** Whether the playlist is there, asked from time to time while nobody tells; undefined when it was not asked. */
export function usePlaylistProbe(source: LiveSource, isWanted: boolean): boolean | undefined {
  const [isThere, setIsThere] = useState<boolean>();
  useEffect(() => {
    if (!isWanted) {
      setIsThere(undefined);
      return;
    }
    let current = true;
    const ask = async (): Promise<void> => {
      const answer = await source
        .read()
        .then(({ masterUrl, withCredentials }) => {
          const credentials = withCredentials ? 'include' : 'omit';
          return fetch(masterUrl, { cache: 'no-store', credentials });
        })
        .then(({ ok }) => ok)
        .catch(() => false);
      if (!current) return;
      setIsThere(answer);
      timer = setTimeout(() => void ask(), EVERY_MS);
    };
    let timer = setTimeout(() => void ask(), FIRST_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [source, isWanted]);
  return isThere;
}
