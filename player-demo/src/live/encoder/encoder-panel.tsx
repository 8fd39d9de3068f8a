import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { LiveStream } from '../../api/live-shapes.ts';
import { Button, CopyButton, Segmented } from '../../ui/controls.tsx';
import { ConfirmDialog } from '../../ui/work-dialog.tsx';
import { DOORS, type Door, ffmpegLine, obsSettings, type Setting } from './encoder-lines.ts';
import { type StreamKey, useStreamKey } from './use-stream-key.ts';

/** The key, and what OBS and ffmpeg are told. */
export function EncoderPanel({ stream }: { stream: LiveStream }): VNode {
  const streamKey = useStreamKey(stream.streamId);
  return (
    <>
      <KeyPanel streamKey={streamKey} />
      <DoorPanel stream={stream} streamKey={streamKey} />
    </>
  );
}

function KeyPanel({ streamKey }: { streamKey: StreamKey }): VNode {
  const { shown, isShown, toggle, copy, renew } = streamKey;
  const [asking, setAsking] = useState(false);
  return (
    <section class="panel stack" aria-label="Stream key">
      <div class="panel-head">
        <h2 class="panel-title">Stream key</h2>
        <Button look="quiet" icon="retry" onClick={() => setAsking(true)} data-testid="stream-key-renew">
          New key
        </Button>
      </div>
      <p class="muted small">Whoever has it can publish as you. Keep it off the screen while you broadcast.</p>
      <div class="copy-line address-line">
        <code class="secret" data-testid="stream-key">
          {shown}
        </code>
        <Button
          icon={isShown ? 'eye-off' : 'eye'}
          onClick={toggle}
          aria-label={isShown ? 'Hide the stream key' : 'Show the stream key'}
          data-testid="stream-key-show"
        >
          {isShown ? 'Hide' : 'Show'}
        </Button>
        <Button
          icon="copy"
          onClick={() => void copy((key) => key, 'Stream key copied.')}
          aria-label="Copy the stream key"
          data-testid="stream-key-copy"
        >
          Copy
        </Button>
      </div>
      {asking && (
        <ConfirmDialog
          title="Make a new stream key?"
          says="The old one stops working at once. Every encoder that uses it has to be given the new one."
          keep="Keep the old one"
          label="New key"
          work={renew}
          onClose={() => setAsking(false)}
          testId="live-confirm"
        />
      )}
    </section>
  );
}

interface DoorProps {
  readonly stream: LiveStream;
  readonly streamKey: StreamKey;
}

function DoorPanel({ stream, streamKey }: DoorProps): VNode {
  const open = DOORS.filter(({ door }) => stream.ingest[door]);
  const [chosen, setDoor] = useState<Door>();
  const now = open.find(({ door }) => door === chosen) ?? open[0];
  return (
    <section class="panel stack" aria-label="Where to send">
      <div class="panel-head">
        <h2 class="panel-title">Where to send</h2>
        {open.length > 1 && now && (
          <Segmented<Door>
            label="Protocol"
            value={now.door}
            onChange={setDoor}
            options={open.map(({ door, label }) => ({ value: door, label, testId: `door-${door}` }))}
          />
        )}
      </div>
      {!now && <p class="muted">No door for encoders is open on this server.</p>}
      {now && <p class="muted small">{now.says}</p>}
      {now && <ObsSettings stream={stream} streamKey={streamKey} door={now.door} />}
      {now && <FfmpegLine stream={stream} streamKey={streamKey} door={now.door} />}
    </section>
  );
}

function ObsSettings({ stream, streamKey, door }: DoorProps & { door: Door }): VNode {
  const write = (key: string) => obsSettings(door, stream.ingest, key);
  return (
    <div class="field">
      <span class="field-label">OBS: Settings, Stream and Output</span>
      <dl class="settings">
        {write(streamKey.shown).map((setting, at) => (
          <div key={setting.name}>
            <dt>{setting.name}</dt>
            <dd>
              <SettingValue
                door={door}
                setting={setting}
                copySecret={() => void streamKey.copy((key) => write(key)[at]?.value ?? '', `${setting.name} copied.`)}
              />
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

interface SettingValueProps {
  readonly door: Door;
  readonly setting: Setting;
  readonly copySecret: () => void;
}

function SettingValue({ door, setting, copySecret }: SettingValueProps): VNode {
  const { name, value, isCopied = false, isSecret = false } = setting;
  if (!isCopied) return <span>{value}</span>;
  const label = `Copy the ${name.toLowerCase()}`;
  return (
    <span class="copy-line">
      <code data-testid={name === 'Server' ? `address-${door}` : undefined}>{value}</code>
      {isSecret ? (
        <Button icon="copy" onClick={copySecret} aria-label={label} data-testid={`copy-${door}-secret`}>
          Copy
        </Button>
      ) : (
        <CopyButton text={value} says={label} />
      )}
    </span>
  );
}

function FfmpegLine({ stream, streamKey, door }: DoorProps & { door: Door }): VNode | null {
  const write = (key: string) => ffmpegLine(door, stream.ingest, key) ?? '';
  if (write('') === '') return null;
  return (
    <div class="field">
      <div class="field-head">
        <span class="field-label">ffmpeg: a test picture with a tone</span>
        <Button
          icon="copy"
          onClick={() => void streamKey.copy(write, 'Command copied, with the key in it.')}
          aria-label="Copy the ffmpeg command"
          data-testid="copy-ffmpeg"
        >
          Copy
        </Button>
      </div>
      <pre class="command">
        {/* Lines end between options, and never behind the dash of one. */}
        {write(streamKey.shown)
          .split(' ')
          .map((word, at) => (
            <span key={at}>{word} </span>
          ))}
      </pre>
      <span class="field-hint">For a film put “-re -i film.mp4” in the place of the two inputs.</span>
    </div>
  );
}
