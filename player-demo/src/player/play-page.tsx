import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { formatSpan } from '../format.ts';
import { type LiveSource, sourceOfLink } from '../live/live-source.ts';
import { useChannel } from '../live/use-channel.ts';
import { LiveStage } from '../live/watch/live-stage.tsx';
import { ThemeButton } from '../shell/shell.tsx';
import { useNow } from '../ui/clock.ts';
import { Icon, Logo } from '../ui/icons.tsx';
import { Notice } from '../ui/notice.tsx';
import type { PlaybackSource } from './carriers.ts';
import { type GrantFacts, readGrantFacts, siblingUrl } from './grant-facts.ts';
import { KEY_HELP } from './keyboard.ts';
import { Player } from './player.tsx';

interface PlayPageProps {
  readonly url: string;
  readonly posterUrl?: string | undefined;
  readonly storyboardUrl?: string | undefined;
}

/** Plays any manifest address, signed or not, for somebody without an account. */
export function PlayPage({ url, posterUrl, storyboardUrl }: PlayPageProps): VNode {
  const live = useMemo(() => sourceOfLink(url), [url]);
  const source = useMemo(() => readSource({ url, posterUrl, storyboardUrl }), [url, posterUrl, storyboardUrl]);
  return (
    <div class="open-page">
      <header class="open-head">
        <a class="brand" href="#/" aria-label="Frontrow">
          <Logo />
          <span>Frontrow</span>
        </a>
        <ThemeButton />
      </header>
      <main class="open-main">
        {live ? (
          <SharedLive source={live} />
        ) : source ? (
          <Player title="Shared film" source={source} statsAtFirst={false}>
            <LinkFacts url={url} />
            <KeyList />
          </Player>
        ) : (
          <Notice icon="link" title="Nothing to play" testId="play-empty">
            <p>This page needs the address of a manifest: the link was cut short, or mistyped.</p>
          </Notice>
        )}
      </main>
    </div>
  );
}

function SharedLive({ source }: { source: LiveSource }): VNode {
  const channel = useChannel(source);
  return <LiveStage title="Shared broadcast" source={source} channel={channel} delivery="ll-hls" />;
}

function readSource(props: PlayPageProps): PlaybackSource | undefined {
  if (!isWebAddress(props.url)) return undefined;
  const posterUrl = props.posterUrl ?? siblingUrl(props.url, 'poster.jpg');
  const storyboardUrl = props.storyboardUrl ?? siblingUrl(props.url, 'storyboard.vtt');
  return {
    url: props.url,
    withCredentials: false,
    ...(posterUrl && isWebAddress(posterUrl) ? { posterUrl } : {}),
    ...(storyboardUrl && isWebAddress(storyboardUrl) ? { storyboardUrl } : {}),
  };
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function LinkFacts({ url }: { url: string }): VNode {
  const nowMs = useNow(1_000);
  const grant = readGrantFacts(url);
  return (
    <p class="link-facts">
      <Icon name={grant ? 'lock' : 'globe'} size={16} />
      <span class="tabular">{grant ? describeGrant(grant, nowMs) : 'A plain address, without a grant.'}</span>
    </p>
  );
}

function describeGrant(grant: GrantFacts, nowMs: number): string {
  const kind = grant.carrier === 'token' ? 'Token' : 'Signed link';
  if (grant.endsAtMs === undefined) return kind;
  const left = (grant.endsAtMs - nowMs) / 1000;
  return left > 0 ? `${kind}, valid for ${formatSpan(left)} more.` : `${kind}, expired ${formatSpan(-left)} ago.`;
}

function KeyList(): VNode {
  return (
    <details class="key-help">
      <summary>Keyboard</summary>
      <dl>
        {KEY_HELP.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
