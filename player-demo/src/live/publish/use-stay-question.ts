import { useEffect, useState } from 'preact/hooks';

export interface StayQuestion {
  /** Where somebody wants to go while this page is on air. */
  readonly leavingTo: string | undefined;
  readonly stay: () => void;
}

/** A page that is on air is not left by a slip: the browser asks before it closes it, and we do before another page of ours. */
export function useStayQuestion(onAir: boolean): StayQuestion {
  const [leavingTo, setLeavingTo] = useState<string>();
  useEffect(() => {
    if (!onAir) return;
    const close = (event: Event) => event.preventDefault();
    const leave = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href^="#"]') : null;
      if (link?.target !== '' || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      setLeavingTo(link.getAttribute('href') ?? '#/');
    };
    addEventListener('beforeunload', close);
    document.addEventListener('click', leave, true);
    return () => {
      removeEventListener('beforeunload', close);
      document.removeEventListener('click', leave, true);
    };
  }, [onAir]);
  return { leavingTo, stay: () => setLeavingTo(undefined) };
}
