import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { api } from '../session.ts';
import { Button, CopyButton, copyText } from '../ui/controls.tsx';
import { tell, tellProblem } from '../ui/toast.tsx';
import { ConfirmDialog } from '../ui/work-dialog.tsx';

const HIDDEN = '•'.repeat(28);

/** The key is fetched when somebody asks to see or copy it, and not before: a page that is shown to others must not hold it. */
export function StreamKeyPanel({ streamId }: { streamId: string }): VNode {
  const [shown, setShown] = useState<string>();
  const [asking, setAsking] = useState(false);
  const read = async (then: (key: string) => void) => {
    try {
      then(await api.live.streamKey(streamId));
    } catch (thrown) {
      tellProblem(thrown);
    }
  };
  const copy = () => void read(async (key) => (await copyText(key)) && tell('Stream key copied.'));
  const renew = async () => {
    const key = await api.live.renewStreamKey(streamId);
    setShown((old) => old && key);
    tell('There is a new key. The old one opens nothing now.');
  };
  return (
    <section class="panel stack" aria-label="Stream key">
      <div class="panel-head">
        <h2 class="panel-title">Stream key</h2>
        <Button look="quiet" icon="retry" onClick={() => setAsking(true)} data-testid="stream-key-renew">
          New key
        </Button>
      </div>
      <p class="muted small">Whoever has it can publish as you. Keep it off the screen while you broadcast.</p>
      <div class="copy-line">
        <code class="secret" data-testid="stream-key">
          {shown ?? HIDDEN}
        </code>
        <Button
          icon={shown ? 'eye-off' : 'eye'}
          onClick={() => (shown ? setShown(undefined) : void read(setShown))}
          data-testid="stream-key-show"
        >
          {shown ? 'Hide' : 'Show'}
        </Button>
        {shown ? <CopyButton text={shown} /> : <Button icon="copy" onClick={copy} aria-label="Copy the stream key" />}
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
