/** What a `User-Agent` says about the device. Several may be true at once. */
export interface Device {
  readonly isAndroid: boolean;
  readonly isIos: boolean;
  readonly isMobile: boolean;
  readonly isTablet: boolean;
  readonly isSmartTv: boolean;
  readonly isDesktop: boolean;
}

/**
 * The names by which televisions and the boxes beside them are known: HbbTV (ETSI TS 102 796 section 7.3.2.4), Samsung
 * and LG's developer pages (Tizen, Web0S, NetCast), Amazon's list of Fire TV models (AFT…), Roku, Chromecast (CrKey).
 */
const SMART_TV =
  /\b(?:hbbtv|smart-?tv|smart tv|googletv|android ?tv|apple ?tv[\d,]*|netcast|web0s|webos\.tv|viera|bravia|vidaa|roku|crkey|aft[a-z]{1,5}\d?|opera tv)\b|tizen.*\btv\b|philipstv/i;
/** Apple's names; an iPad that asks for desktop pages calls itself a Mac and cannot be told from one. */
const IOS = /\b(?:iphone|ipod|ipad)\b/i;
const TABLET = /\b(?:ipad|tablet(?! pc)|kindle|playbook|silk)\b/i;
/** Chrome and Firefox for Android have this on telephones and leave it out on tablets; all others have it on telephones. */
const MOBILE = /\bmobi|\biphone\b|\bipod\b|iemobile|opera mini|blackberry|\bbb10\b/i;
/** These called themselves Android and iPhone too. */
const WINDOWS_PHONE = /windows phone/i;

/** By a few rules that hold for what is in use; a program that is no browser counts as a desktop. Never throws. */
export function readDevice(userAgent: string | undefined): Device {
  const text = (userAgent ?? '').slice(0, MAX_READ);
  const isWindowsPhone = WINDOWS_PHONE.test(text);
  const isSmartTv = SMART_TV.test(text);
  const isAndroid = /\bandroid\b/i.test(text) && !isWindowsPhone;
  const isIos = IOS.test(text) && !isWindowsPhone;
  const isPhone = MOBILE.test(text) && !/\bipad\b/i.test(text) && !/\btablet(?! pc)\b/i.test(text);
  const isTablet = !isSmartTv && !isPhone && (TABLET.test(text) || isAndroid);
  const isMobile = !isSmartTv && isPhone;
  return { isAndroid, isIos, isMobile, isTablet, isSmartTv, isDesktop: !isSmartTv && !isMobile && !isTablet };
}

/** Several times what browsers send. */
const MAX_READ = 1_024;
