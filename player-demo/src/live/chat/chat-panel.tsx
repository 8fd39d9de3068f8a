import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { IconButton } from '../../ui/controls.tsx';
import type { ChannelClient } from '../channel/channel-client.ts';
import type { ChannelView } from '../channel/channel-view.ts';
import type { ChatMessage } from '../channel/messages.ts';
import { ChatForm } from './chat-form.tsx';

export interface Moderation {
  readonly onDelete: (message: ChatMessage) => void;
  readonly onBan: (message: ChatMessage) => void;
}

interface ChatPanelProps {
  readonly client: ChannelClient;
  readonly view: ChannelView;
  /** For whoever may take words away. */
  readonly moderation?: Moderation;
}

/** What is said, newest below, and a line to say something. */
export function ChatPanel({ client, view, moderation }: ChatPanelProps): VNode {
  const { messages, viewers, chat } = view;
  return (
    <section class="panel chat" aria-label="Chat" data-testid="chat">
      <div class="panel-head">
        <h2 class="panel-title">Chat</h2>
        <span class="muted small tabular" data-testid="viewers">
          {viewers} watching
        </span>
      </div>
      <MessageList messages={messages} moderation={moderation} />
      {chat && !chat.isOpen ? (
        <p class="muted small">The chat is closed.</p>
      ) : (
        <ChatForm client={client} settings={chat} isAway={view.connection !== 'open'} reactions={view.reactions} />
      )}
    </section>
  );
}

interface MessageListProps {
  readonly messages: readonly ChatMessage[];
  readonly moderation: Moderation | undefined;
}

function MessageList({ messages, moderation }: MessageListProps): VNode {
  const list = useRef<HTMLOListElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const look = () => {
      atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    };
    element.addEventListener('scroll', look, { passive: true });
    return () => element.removeEventListener('scroll', look);
  }, []);
  // Whoever reads what was said before is left where he is.
  useLayoutEffect(() => {
    if (atEnd.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [messages]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reachable by keyboard.
    <ol class="chat-list" ref={list} tabIndex={0} aria-live="polite" aria-label="Messages">
      {messages.length === 0 && <li class="chat-none">Nobody has said anything yet.</li>}
      {messages.map((message) => (
        <Message key={message.id} message={message} moderation={moderation} />
      ))}
    </ol>
  );
}

function Message({ message, moderation }: { message: ChatMessage; moderation: Moderation | undefined }): VNode {
  const { author, text, atMs } = message;
  return (
    <li class="chat-message" data-testid="chat-message" title={new Date(atMs).toLocaleTimeString()}>
      {/* In the direction of what is said, whatever that of the name is. */}
      <p dir="auto">
        <b class={`chat-name chat-tone-${toneOf(author.id)}`}>
          <bdi>{author.name}</bdi>
        </b>{' '}
        {text}
      </p>
      {moderation && (
        <span class="chat-acts">
          <IconButton
            icon="trash"
            label="Delete this message"
            onClick={() => moderation.onDelete(message)}
            data-testid="chat-delete"
          />
          <IconButton
            icon="ban"
            label={`Ban ${author.name}`}
            onClick={() => moderation.onBan(message)}
            data-testid="chat-ban"
          />
        </span>
      )}
    </li>
  );
}

/** The same colour for the same person, whatever the name. */
function toneOf(id: string): number {
  return [...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7) % 5;
}
