import { fromNative, type Link, type Netns, NetloomError } from '@netloom/core';

/** What opening a device ran into, in the caller's terms: the name taken, the node missing, the right missing. */
export async function explain(
  error: unknown,
  netns: Netns,
  device: 'TAP' | 'TUN',
  ifname: string | undefined,
): Promise<unknown> {
  const { code, syscall } = error as { code?: string; syscall?: string };
  const what = `create ${device}${ifname === undefined ? '' : ` ${ifname}`}`;
  if (syscall === undefined) return error;
  if (syscall === 'open /dev/net/tun') {
    const hints = new Map([
      [
        'ENOENT',
        'load the module (modprobe tun); in a container, hand the device in (--device /dev/net/tun)',
      ],
      ['ENODEV', 'this kernel has no TUN/TAP driver: modprobe tun, or CONFIG_TUN'],
      ['EACCES', 'your user may not open /dev/net/tun: see its mode and group'],
    ]);
    const hint = hints.get(code ?? '');
    return fromNative(error, what, { field: '/dev/net/tun', ...(hint === undefined ? {} : { hint }) });
  }
  // TUNSETIFF says EBUSY for a TAP of that name and EINVAL for any other link: both are a name that is taken.
  const taken = ifname === undefined || ifname.includes('%') ? undefined : await whoHas(netns, ifname);
  if (taken !== undefined && syscall === 'TUNSETIFF' && code !== 'EPERM') {
    return new NetloomError('EEXIST', `cannot ${what}: the name is taken`, {
      field: 'ifname',
      request: syscall,
      kernelMessage: code,
      hint: `${ifname} is a ${taken.kind ?? 'device'} with index ${taken.ifindex}: choose another name`,
      cause: error,
    });
  }
  return fromNative(error, what, { field: 'ifname' });
}

/** The link of that name; undefined when nobody can tell. */
async function whoHas(netns: Netns, ifname: string): Promise<Link | undefined> {
  try {
    return await netns.links.find(ifname);
  } catch {
    return undefined;
  }
}
