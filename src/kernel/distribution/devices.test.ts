import { expect, test } from 'vitest';
import { readDevice } from './devices.ts';

const GECKO = 'AppleWebKit/537.36 (KHTML, like Gecko)';

test.each([
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${GECKO} Chrome/130.0.0.0 Safari/537.36`, 'Desktop'],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15', 'Desktop'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0', 'Desktop'],
  ['Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0; Tablet PC 2.0)', 'Desktop'],
  ['curl/8.5.0', 'Desktop'],
  ['', 'Desktop'],
  [undefined, 'Desktop'],
  [`Mozilla/5.0 (Linux; Android 14; Pixel 8) ${GECKO} Chrome/130.0.0.0 Mobile Safari/537.36`, 'Android Mobile'],
  ['Mozilla/5.0 (Android 14; Mobile; rv:131.0) Gecko/131.0 Firefox/131.0', 'Android Mobile'],
  [`Mozilla/5.0 (Linux; Android 14; SM-X910) ${GECKO} Chrome/130.0.0.0 Safari/537.36`, 'Android Tablet'],
  ['Mozilla/5.0 (Android 14; Tablet; rv:131.0) Gecko/131.0 Firefox/131.0', 'Android Tablet'],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1', 'Ios Mobile'],
  ['Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) Version/16.6 Mobile/15E148 Safari/604.1', 'Ios Tablet'],
  ['Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) Mobile Safari/537.36', 'Mobile'],
  [`Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.5) ${GECKO} Version/6.5 TV Safari/537.36`, 'SmartTv'],
  [`Mozilla/5.0 (Web0S; Linux/SmartTV) ${GECKO} Chrome/94.0 Safari/537.36`, 'SmartTv'],
  ['Mozilla/5.0 (Linux; Android 9; AFTKA) Mobile Safari/537.36', 'Android SmartTv'],
  ['Mozilla/5.0 (Linux; Android 12; BRAVIA 4K) Safari/537.36', 'Android SmartTv'],
  ['HbbTV/1.6.1 (+DRM;Vendor;Model;1.0;;TV;)', 'SmartTv'],
  ['AppleTV14,1/17.0', 'SmartTv'],
  ['Roku/DVP-12.0', 'SmartTv'],
])('%s is %s', (userAgent, words) => {
  const device = readDevice(userAgent);
  const told = (['Android', 'Ios', 'Mobile', 'Tablet', 'SmartTv', 'Desktop'] as const).filter(
    (word) => device[`is${word}`],
  );
  expect(told.sort()).toEqual(words.split(' ').sort());
});
