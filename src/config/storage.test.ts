import { describe, expect, test } from 'vitest';
import { SettingsError } from './settings.ts';
import { parseStorage } from './storage.ts';

describe('where media rests', () => {
  const s3 = { kind: 's3', bucket: 'films', prefix: '', region: 'us-east-1', pathStyle: false };

  test.each([
    ['', { kind: 'folder', folder: '/data/media' }],
    ['/mnt/films', { kind: 'folder', folder: '/mnt/films' }],
    ['s3://films', s3],
    ['s3://films/', s3],
    ['s3://films/eu/one/', { ...s3, prefix: 'eu/one/' }],
    ['s3://films?region=eu-central-1', { ...s3, region: 'eu-central-1' }],
    [
      's3://films/a?endpoint=http://127.0.0.1:9000',
      { ...s3, prefix: 'a/', endpoint: 'http://127.0.0.1:9000', pathStyle: true },
    ],
    [
      's3://films?endpoint=https://s3.example/&pathStyle=false&region=x-1',
      { ...s3, endpoint: 'https://s3.example', region: 'x-1' },
    ],
  ])('%j', (text, place) => {
    expect(parseStorage(text, '/data')).toEqual(place);
  });

  test('a folder that is not absolute is one of the folder the server was started in', () => {
    expect(parseStorage('films', '/data')).toEqual({ kind: 'folder', folder: `${process.cwd()}/films` });
  });

  test.each([
    ['s3://', 'names no bucket'],
    ['s3://Films', 'names no bucket'],
    ['s3://films/../x', 'in its prefix'],
    ['s3://films/a//b', 'in its prefix'],
    ['s3://key:secret@films', 'takes no credentials'],
    ['s3://films?endpoint=127.0.0.1:9000', 'needs an endpoint'],
    ['s3://films?endpoint=http://s3.example/films', 'needs an endpoint'],
    ['s3://films?endpoint=http://a:b@s3.example', 'needs an endpoint'],
    ['s3://films?endpoint=ftp://s3.example', 'needs an endpoint'],
    ['s3://films?pathstyle=true', 'not "pathstyle"'],
    ['s3://films?pathStyle=yes', 'not "yes"'],
    ['s3://films?region=EU', 'has a region that is none'],
    ['s3://films?region=a&region=b', 'names region twice'],
    ['gs://films', 'no storage of the kind "gs"'],
    ['S3://films', 'no storage of the kind "S3"'],
  ])('%j is refused in words that help', (text, says) => {
    expect(() => parseStorage(text, '/data')).toThrow(SettingsError);
    expect(() => parseStorage(text, '/data')).toThrow(says);
  });
});
