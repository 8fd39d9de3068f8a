import { describe, expect, test } from 'vitest';
import { isLanguageTag, languageName, languageOfFile, offeredLanguages } from './languages.ts';

describe('the language of a file', () => {
  test.each([
    ['film.de.srt', 'de'],
    ['film.pt-BR.forced.vtt', 'pt-BR'],
    ['My.Film.2024.pt_br.srt', 'pt-BR'],
    ['film.srt', undefined],
    ['de.srt', undefined],
    ['film.deutsch.srt', undefined],
  ])('%s: %s', (name, tag) => {
    expect(languageOfFile(name)).toBe(tag);
  });
});

test('languages are offered by their English names, in that order', () => {
  const offered = offeredLanguages();
  expect(offered.find(({ tag }) => tag === 'de')?.name).toBe('German');
  expect(offered.map(({ name }) => name)).toEqual(
    offered.map(({ name }) => name).toSorted((a, b) => a.localeCompare(b, 'en')),
  );
});

test('a tag that nobody knows is shown as it is, and one of no form is not asked for', () => {
  expect(languageName('qaa')).toBe('qaa');
  expect(languageName('not a tag')).toBe('not a tag');
  expect(['de', 'pt-BR', 'tlh', '', 'not a tag', 'd'].filter(isLanguageTag)).toEqual(['de', 'pt-BR', 'tlh']);
});
