import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { PlaybackGrant } from '../api/shapes.ts';
import { formatSpan } from '../format.ts';
import { writeRoute } from '../route.ts';
import { useNow } from '../ui/clock.ts';
import { CopyButton } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';
import type { GrantChoice } from './grant-choice.ts';

interface OutputPart {
  readonly label: string;
  readonly value: string;
  readonly testId: string;
}

/** The grant in the chosen form, ready to copy, with a link that tries it. */
export function GrantOutput({ issued, choice }: { issued: PlaybackGrant | undefined; choice: GrantChoice }): VNode {
  const root = useRef<HTMLElement>(null);
  useEffect(() => {
    if (issued) root.current?.scrollIntoView({ block: 'nearest' }); // On a phone it stands below the form.
  }, [issued]);
  if (!issued) {
    return (
      <section class="panel grant-empty" aria-label="Grant">
        <Icon name="lock" size={20} />
        <p class="muted">The grant appears here once it is issued.</p>
      </section>
    );
  }
  return (
    <section class="panel stack" aria-label="Grant" data-testid="sign-output" ref={root}>
      <header class="panel-head">
        <h2 class="panel-title">Grant</h2>
        <Countdown expiresAt={issued.expiresAt} />
        <a class="button button-plain" href={tryLink(issued, choice)} data-testid="sign-try">
          <Icon name="play" size={16} />
          <span>Try it</span>
        </a>
      </header>
      {partsOf(issued, choice).map((part) => (
        <div class="output" key={part.label}>
          <div class="output-head">
            <span class="field-label">{part.label}</span>
            <CopyButton text={part.value} />
          </div>
          <code class="output-text" data-testid={part.testId}>
            {part.value}
          </code>
        </div>
      ))}
      <p class="muted small">
        Signed by the server’s own key <code>{issued.keyPairId}</code>.
      </p>
    </section>
  );
}

function Countdown({ expiresAt }: { expiresAt: string }): VNode {
  const nowMs = useNow(1_000);
  const left = (Date.parse(expiresAt) - nowMs) / 1000;
  return <span class="muted small tabular">{left > 0 ? `${formatSpan(left)} left` : 'Expired'}</span>;
}

function partsOf(grant: PlaybackGrant, choice: GrantChoice): readonly OutputPart[] {
  switch (choice.carrier) {
    case 'url':
      return [{ label: 'Signed URL', value: grant.url, testId: 'sign-url-output' }];
    case 'cookies':
      return Object.entries(grant.cookies).map(([name, value]) => ({
        label: name,
        value: `${name}=${value}; Path=${grant.cookiePath}`,
        testId: 'sign-cookie-output',
      }));
    case 'token':
      return [
        { label: 'Token', value: grant.token, testId: 'sign-token-output' },
        { label: 'As a query', value: grant.tokenUrl, testId: 'sign-token-url-output' },
        { label: 'As a path', value: grant.pathUrl, testId: 'sign-path-url-output' },
      ];
  }
}

function tryLink(grant: PlaybackGrant, choice: GrantChoice): string {
  if (choice.carrier === 'cookies') return writeRoute({ page: 'watch', assetId: choice.assetId, carrier: 'cookies' });
  const { posterUrl, storyboardUrl } = grant;
  return writeRoute({
    page: 'play',
    url: choice.carrier === 'token' ? grant.tokenUrl : grant.url,
    posterUrl,
    storyboardUrl,
  });
}
