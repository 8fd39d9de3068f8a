/**
 * An address (its own full mask implied) or a CIDR block, written with its mask such as `203.0.113.0/24`; undefined for
 * any other text. The same answer as `parseIpRange` gives in its `text`, without a package: who only signs compares no
 * addresses.
 */
export function ipRangeText(text: string): string | undefined {
  const [address = '', mask, ...rest] = text.split('/');
  const widest = bitsOf(address);
  if (widest === undefined || rest.length > 0) return undefined;
  if (mask === undefined) return `${address}/${widest}`;
  return /^\d{1,3}$/.test(mask) && Number(mask) <= widest ? text : undefined;
}

const DECIMAL = /^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/;

/** 32 for IPv4, also in IPv6 clothes, 128 for IPv6; undefined for what is no address. */
function bitsOf(address: string): 32 | 128 | undefined {
  const decimal = address.replace(/^::ffff:(?=[^:]*$)/i, '');
  if (DECIMAL.test(decimal)) return decimal.split('.').every((part) => Number(part) <= 255) ? 32 : undefined;
  // Nothing but what an address may hold, so that no text can end the brackets of the host.
  if (!/^[0-9a-fA-F:]+$/.test(address) || !URL.canParse(`http://[${address}]/`)) return undefined;
  return new URL(`http://[${address}]/`).hostname.startsWith('[::ffff:') ? 32 : 128;
}
