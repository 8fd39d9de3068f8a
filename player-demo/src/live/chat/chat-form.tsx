import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { signedInAs } from '../../session.ts';
import { IconButton } from '../../ui/controls.tsx';
import type { ChannelClient, Refusal } from '../channel/channel-client.ts';
import type { ChatSettings } from '../channel/messages.ts';

const NAME_KEY = 'frontrow.chat-name';

interface ChatFormProps {
  readonly client: ChannelClient;
  readonly settings: ChatSettings | undefined;
  readonly isAway: boolean;
  readonly reactions: readonly string[];
}

export function ChatForm({ client, settings, isAway, reactions }: ChatFormProps): VNode {
  const [name, setName] = useState(storedName);
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal>();
  const submit = async (event: Event) => {
    event.preventDefault();
    const said = text.trim();
    if (said === '' || busy) return;
    setBusy(true);
    const answer = await client.say(said, name.trim() || 'Guest');
    setBusy(false);
    setRefusal(answer);
    // What was typed meanwhile stays.
    if (!answer) setText((now) => (now.trim() === said ? '' : now));
  };
  return (
    <form class="chat-form" onSubmit={(event) => void submit(event)}>
      <div class="reaction-row">
        {reactions.map((reaction) => (
          <button
            key={reaction}
            type="button"
            aria-label={`React with ${reaction}`}
            onClick={() => client.react(reaction)}
            data-testid="reaction"
          >
            {reaction}
          </button>
        ))}
        <input
          class="chat-name-input"
          aria-label="Your name in the chat"
          value={name}
          placeholder="Guest"
          maxLength={settings?.maxNameLength ?? 40}
          onInput={(event) => setName(keepName(event.currentTarget.value))}
          data-testid="chat-name"
        />
      </div>
      <div class="chat-line">
        <input
          class="input"
          aria-label="Message"
          placeholder={isAway ? 'Connecting' : 'Say something'}
          value={text}
          maxLength={settings?.maxLength ?? 500}
          disabled={isAway}
          onInput={(event) => setText(event.currentTarget.value)}
          data-testid="chat-text"
        />
        <IconButton
          icon="send"
          label="Send"
          disabled={isAway || busy || text.trim() === ''}
          onClick={(event) => event.currentTarget.form?.requestSubmit()}
          data-testid="chat-send"
        />
      </div>
      {refusal && (
        <p class="field-error" role="alert">
          {explain(refusal)}
        </p>
      )}
      {!refusal && settings && settings.slowSeconds > 0 && (
        <p class="field-hint">Slow mode: one message every {settings.slowSeconds} s.</p>
      )}
    </form>
  );
}

function explain({ code, retryAfterMs }: Refusal): string {
  if (retryAfterMs !== undefined) return `Not so fast: again in ${Math.ceil(retryAfterMs / 1_000)} s.`;
  if (code === 'CONNECTION_LOST') return 'The connection was lost before it was said.';
  return `It was not said (${code}).`;
}

function storedName(): string {
  try {
    return localStorage.getItem(NAME_KEY) ?? signedInAs.value?.name ?? '';
  } catch {
    return '';
  }
}

function keepName(name: string): string {
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    // Storage forbidden: the name lasts as long as the page.
  }
  return name;
}
