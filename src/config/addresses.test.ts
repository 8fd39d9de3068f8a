import { expect, test } from 'vitest';
import { ingestUrls, liveNodeUrl, type OpenUrls, originFor, publicUrls } from './addresses.ts';
import { loadSettings } from './settings.ts';

const open: OpenUrls = {
  control: 'http://127.0.0.1:8080',
  edge: 'http://127.0.0.1:8081',
  origin: 'http://127.0.0.1:8070',
  rtmp: 'rtmp://127.0.0.1:1935/live',
  srt: 'srt://127.0.0.1:8890',
};
const settings = (environment: Record<string, string> = {}) => loadSettings(environment);

test('without settings everything is where its listener is', () => {
  expect(publicUrls(settings(), open)).toEqual({ control: open.control, edge: open.edge });
  expect(liveNodeUrl(settings(), open)).toBe(open.origin);
  expect(ingestUrls(settings(), open)).toEqual({
    rtmp: open.rtmp,
    srt: open.srt,
    websocket: 'ws://127.0.0.1:8080/live/ingest',
    whip: 'http://127.0.0.1:8080/live/whip',
  });
});

test('a name in the settings stands before the address that was opened', () => {
  const named = settings({
    FRONTROW_PUBLIC_URL: 'https://video.example',
    FRONTROW_RTMP_URL: 'rtmp://in.example/live',
    FRONTROW_LIVE_NODE_URL: 'http://10.0.0.7:8070',
  });
  expect(publicUrls(named, open).control).toBe('https://video.example');
  expect(liveNodeUrl(named, open)).toBe('http://10.0.0.7:8070');
  expect(ingestUrls(named, open)).toMatchObject({
    rtmp: 'rtmp://in.example/live',
    websocket: 'wss://video.example/live/ingest',
    whip: 'https://video.example/live/whip',
  });
});

test('the address for encoders by TLS is told where that door is open or named', () => {
  const rtmps = 'rtmps://127.0.0.1:1936/live';
  expect(ingestUrls(settings(), { ...open, rtmps })).toMatchObject({ rtmp: open.rtmp, rtmps });
  const named = settings({ FRONTROW_RTMPS_URL: 'rtmps://in.example/live' });
  expect(ingestUrls(named, { ...open, rtmps })).toMatchObject({ rtmps: 'rtmps://in.example/live' });
});

test('where no door is open and none is named publishers are told none', () => {
  const { control, edge, origin } = open;
  expect(ingestUrls(settings(), { control, edge, origin })).toEqual({});
});

test('an origin without a name is told to edges of its own machine alone', () => {
  for (const here of ['127.0.0.1', '::1', '::ffff:127.0.0.1'])
    expect(originFor(settings(), open, here)).toBe(open.origin);
  expect(originFor(settings(), open, '10.0.0.9')).toBe(undefined);
  const named = settings({ FRONTROW_ORIGIN_URL: 'http://origin.example' });
  expect(originFor(named, open, '10.0.0.9')).toBe('http://origin.example');
});
