import type { VNode } from 'preact';
import { lazy, Suspense } from 'preact/compat';
import { useEffect } from 'preact/hooks';
import { useCell } from '../cell.ts';
import { KeysPage } from '../keys/keys-page.tsx';
import { LibraryPage } from '../library/library-page.tsx';
import { LivePage } from '../live/live-page.tsx';
import type { Route } from '../route.ts';
import { readSession, sessionToken } from '../session.ts';
import { SignPage } from '../sign/sign-page.tsx';
import { library } from '../stores.ts';
import { Notice } from '../ui/notice.tsx';
import { Toasts } from '../ui/toast.tsx';
import { DropZone } from '../upload/drop-zone.tsx';
import { UploadPanel } from '../upload/upload-panel.tsx';
import { Shell } from './shell.tsx';
import { SignInPage } from './sign-in-page.tsx';
import { useRoute } from './use-route.ts';

// hls.js and media-chrome are most of the code; the library does not wait for them.
const WatchPage = lazy(async () => ({ default: (await import('../player/watch-page.tsx')).WatchPage }));
const BroadcastPage = lazy(async () => ({ default: (await import('../live/broadcast-page.tsx')).BroadcastPage }));
const TuneInPage = lazy(async () => ({ default: (await import('../live/watch/tune-in-page.tsx')).TuneInPage }));
const PlayPage = lazy(async () => ({ default: (await import('../player/play-page.tsx')).PlayPage }));

const TITLES: Readonly<Record<Route['page'], string>> = {
  library: 'Library',
  'sign-in': 'Sign in',
  watch: 'Watch',
  play: 'Play',
  sign: 'Sign a film',
  keys: 'Signing keys',
  live: 'Live',
  broadcast: 'Broadcast',
  'tune-in': 'Live',
  lost: 'Not found',
};

export function App(): VNode {
  const route = useRoute();
  const token = useCell(sessionToken);
  useEffect(() => {
    document.title = `${TITLES[route.page]} · Frontrow`;
    scrollTo(0, 0);
  }, [route]);
  useEffect(() => {
    if (token === undefined) return;
    void readSession();
    library.start(token);
    return () => library.stop();
  }, [token]);
  return (
    <>
      <Suspense fallback={<div class="page-wait" />}>{choosePage(route, token)}</Suspense>
      <Toasts />
    </>
  );
}

function choosePage(route: Route, token: string | undefined): VNode {
  if (route.page === 'play') return <PlayPage {...route} key={route.url} />;
  if (route.page === 'sign-in' && route.signInToken) return <SignInPage signInToken={route.signInToken} />;
  if (token === undefined) return <SignInPage />;
  return (
    <Shell page={route.page}>
      <SignedIn route={route} />
      <DropZone />
      <UploadPanel />
    </Shell>
  );
}

function SignedIn({ route }: { route: Route }): VNode {
  switch (route.page) {
    case 'watch':
      return <WatchPage key={route.assetId} assetId={route.assetId} carrier={route.carrier} />;
    case 'sign':
      return <SignPage assetId={route.assetId} />;
    case 'keys':
      return <KeysPage />;
    case 'live':
      return <LivePage />;
    case 'broadcast':
      return <BroadcastPage key={route.streamId} streamId={route.streamId} />;
    case 'tune-in':
      return (
        <TuneInPage
          key={route.streamId}
          streamId={route.streamId}
          delivery={route.delivery ?? 'll-hls'}
          carrier={route.carrier}
        />
      );
    case 'lost':
      return (
        <Notice icon="search" title="There is no page at this address">
          <p>
            Go back to the <a href="#/">library</a>.
          </p>
        </Notice>
      );
    default:
      return <LibraryPage />;
  }
}
