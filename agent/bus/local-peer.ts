import { BlockList, isIPv4 } from 'node:net'

/** Addresses of a farm's own network: loopback, private (RFC 1918, RFC 4193) and link-local (RFC 3927, RFC 4291). */
const LOCAL = new BlockList()
for (const [network, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const)
  LOCAL.addSubnet(network, prefix, 'ipv4')
LOCAL.addAddress('::1', 'ipv6')
LOCAL.addSubnet('fc00::', 7, 'ipv6')
LOCAL.addSubnet('fe80::', 10, 'ipv6')

/** Not 100.64.0.0/10: behind a mobile carrier's NAT the neighbours are strangers. Undefined is a peer already gone. */
export function isLocalPeer(address: string | undefined): boolean {
  if (address === undefined) return false
  const [plain = ''] = address.replace(/^::ffff:(?=\d+\.)/i, '').split('%')
  return LOCAL.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6')
}
