import { expect, test } from 'vitest';
import { Problem, readProblem } from './problem.ts';

test('a problem document gives its code and its own sentence', () => {
  const body = JSON.stringify({ code: 'SOURCE_EMPTY', title: 'The file is empty.', detail: 'film.mp4 is empty.' });
  expect(readProblem(422, body)).toMatchObject({ code: 'SOURCE_EMPTY', status: 422, message: 'film.mp4 is empty.' });
});

test('the title serves where the document has no detail', () => {
  expect(readProblem(401, '{"code":"TOKEN_MISSING","title":"Send a token."}').message).toBe('Send a token.');
});

test.each(['<html>502</html>', '', 'null', '[]', '{"code":5}'])('the body %j still yields a problem', (body) => {
  expect(readProblem(502, body)).toMatchObject({ code: 'HTTP_502', message: 'The server answered with status 502.' });
});

test('a problem stays itself; anything else thrown becomes one', () => {
  const problem = Problem.networkAway();
  expect(Problem.from(problem)).toBe(problem);
  expect(problem.isNetworkAway).toBe(true);
  expect(Problem.from(new TypeError('broken'))).toMatchObject({ code: 'UNEXPECTED', message: 'broken' });
});
