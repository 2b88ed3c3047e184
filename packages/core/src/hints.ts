const RIGHTS =
  'this needs CAP_NET_ADMIN in the namespace: run as root, or inside a user namespace (unshare --user --map-root-user --net)';

const HINTS = new Map<string, string>([
  ['EPERM', RIGHTS],
  ['EACCES', RIGHTS],
  [
    'EMFILE',
    'the process has no file descriptor left: close handles that are not needed, or raise `ulimit -n`',
  ],
  ['ENFILE', 'the system has no file descriptor left: see /proc/sys/fs/file-nr'],
  ['ENOBUFS', 'the kernel had no room for its answers: fewer requests at once, or a larger receive buffer'],
  ['EOPNOTSUPP', 'this kernel does not support it: a module may be missing'],
]);

/** One thing to try for an errno, when nothing more exact is known. */
export function hintFor(code: string): string | undefined {
  return HINTS.get(code);
}
