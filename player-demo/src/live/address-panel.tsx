import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { IngestAddresses, LiveStream } from '../api/live-shapes.ts';
import { CopyButton, Segmented } from '../ui/controls.tsx';

type Door = 'rtmp' | 'srt' | 'whip';

interface DoorWords {
  readonly label: string;
  readonly field: string;
  readonly steps: readonly string[];
}

const DOORS: Readonly<Record<Door, DoorWords>> = {
  rtmp: {
    label: 'RTMP',
    field: 'Server',
    steps: [
      'In OBS open Settings, Stream, and choose the service “Custom”.',
      'Paste the server, and the stream key from above.',
      'In Output set the key frame interval to 2 s, the encoder to x264 or your card’s, and no B-frames for the least delay.',
      'Start streaming. This page says so within a second or two.',
    ],
  },
  srt: {
    label: 'SRT',
    field: 'Server',
    steps: [
      'In OBS open Settings, Stream, and choose the service “Custom”.',
      'Paste the address as the server with your key in the place of STREAM_KEY, and leave the key’s own field empty.',
      'SRT repairs lost packets: the better choice over a long or shaky line.',
    ],
  },
  whip: {
    label: 'WHIP',
    field: 'Server',
    steps: [
      'In OBS open Settings, Stream, and choose the service “WHIP”.',
      'Paste the server, and the stream key from above as the bearer token.',
      'WebRTC has the least delay of the three on a good line.',
    ],
  },
};

/** Where encoders send to, and what to do there. */
export function AddressPanel({ stream }: { stream: LiveStream }): VNode {
  const open = (Object.keys(DOORS) as Door[]).filter((door) => stream.ingest[door]);
  const [chosen, setDoor] = useState<Door>('rtmp');
  const door = open.includes(chosen) ? chosen : open[0];
  return (
    <section class="panel stack" aria-label="Addresses">
      <div class="panel-head">
        <h2 class="panel-title">Addresses</h2>
        {open.length > 1 && door && (
          <Segmented<Door>
            label="Protocol"
            value={door}
            onChange={setDoor}
            options={open.map((value) => ({ value, label: DOORS[value].label, testId: `door-${value}` }))}
          />
        )}
      </div>
      {door ? <DoorSteps door={door} ingest={stream.ingest} /> : <p class="muted">No door for encoders is open.</p>}
    </section>
  );
}

function DoorSteps({ door, ingest }: { door: Door; ingest: IngestAddresses }): VNode {
  const { field, steps } = DOORS[door];
  const address = door === 'srt' ? withPlaceForKey(ingest.srt ?? '') : (ingest[door] ?? '');
  return (
    <>
      <div class="field">
        <span class="field-label">{field}</span>
        <div class="copy-line address-line">
          <code data-testid={`address-${door}`}>{address}</code>
          <CopyButton text={address} />
        </div>
      </div>
      <ol class="steps">
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    </>
  );
}

/** SRT has no field for a key: it is a part of the address. */
function withPlaceForKey(address: string): string {
  return address.includes('?') ? address : `${address}?streamid=STREAM_KEY`;
}
