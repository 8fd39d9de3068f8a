import { useState } from 'preact/hooks';
import { api } from '../../session.ts';
import { copyText } from '../../ui/controls.tsx';
import { tell, tellProblem } from '../../ui/toast.tsx';

/** In the place of the key. */
const HIDDEN = '•'.repeat(12);

export interface StreamKey {
  /** The key, or dots for as long as nobody asked to see it. */
  readonly shown: string;
  readonly isShown: boolean;
  readonly toggle: () => void;
  /** Copies what has the key in it. */
  readonly copy: (write: (key: string) => string, says: string) => Promise<boolean>;
  readonly renew: () => Promise<void>;
}

/** The key is fetched when somebody asks to see or copy it, and not before: a page that is shown to others must not hold it. */
export function useStreamKey(streamId: string): StreamKey {
  const [shown, setShown] = useState<string>();
  const read = async <T>(then: (key: string) => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await then(await api.live.streamKey(streamId));
    } catch (thrown) {
      tellProblem(thrown);
      return undefined;
    }
  };
  return {
    shown: shown ?? HIDDEN,
    isShown: shown !== undefined,
    toggle: () => (shown === undefined ? void read(setShown) : setShown(undefined)),
    copy: async (write, says) => {
      const done = (await read((key) => copyText(write(key)))) ?? false;
      if (done) tell(says);
      return done;
    },
    renew: async () => {
      const key = await api.live.renewStreamKey(streamId);
      setShown((old) => old && key);
      tell('There is a new key. The old one opens nothing now.');
    },
  };
}
