import { SettingsError } from './settings.ts';

/**
 * The servers that a setting names, with commas between them.
 * @throws SettingsError that names the variable and not what stands in it, which may hold a password
 */
export function parseUrlList(text: string, variable: string): string[] {
  const urls = text
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '');
  if (urls.some((url) => !isServer(url))) {
    throw new SettingsError(
      `${variable} must be http or https URLs without a user name in them, with commas between them`,
    );
  }
  if (new Set(urls.map((url) => new URL(url).host)).size < urls.length) {
    throw new SettingsError(`${variable} names one server twice`);
  }
  return urls;
}

function isServer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && hostname !== '' && username === '' && password === '';
}
