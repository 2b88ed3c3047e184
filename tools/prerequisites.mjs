// What must be on the machine before anything of ours runs. As root on Debian or Ubuntu the missing packages
// are installed, after saying so; otherwise the command to type is printed and the exit code is 3.
// By hand: node tools/prerequisites.mjs [build|demo|test]
import { accessSync, constants, existsSync, readFileSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT, ROOT, done, fail, mustRun, run } from './steps.mjs';

const QEMU =
  process.arch === 'arm64'
    ? ['qemu-system-aarch64', 'qemu-system-arm']
    : ['qemu-system-x86_64', 'qemu-system-x86'];

/** Programs (one of them is enough) and the Debian package that has them. */
const BUILD = [
  [['c++', 'g++', 'clang++'], 'g++'],
  [['ninja', 'make'], 'make'],
  [['cmake'], 'cmake'],
];
const GUEST = [[[QEMU[0]], QEMU[1]]];
const NEEDS = {
  build: BUILD,
  demo: [...BUILD, ...GUEST],
  test: [...BUILD, ...GUEST, [['ip'], 'iproute2'], [['ping'], 'iputils-ping'], [['cpio'], 'cpio']],
};

const isRoot = process.geteuid?.() === 0;

export async function checkPrerequisites(purpose) {
  if (process.platform !== 'linux')
    fail(EXIT.prerequisite, `Netloom needs Linux; this is ${process.platform}`);
  checkNode();
  const missing = NEEDS[purpose].filter(([programs]) => !programs.some(find)).map(([, name]) => name);
  if (missing.length > 0) await install(missing);
}

/**
 * What keeps us from making network devices, and what to type then; `undefined` if nothing does.
 * A TAP takes /dev/net/tun and CAP_NET_ADMIN, a network namespace CAP_SYS_ADMIN.
 */
export function missingRights(command) {
  const status = readFileSync('/proc/self/status', 'utf8');
  const capabilities = BigInt(`0x${/^CapEff:\s*(\w+)$/m.exec(status)?.[1] ?? '0'}`);
  const lacks = (bit) => (capabilities & (1n << BigInt(bit))) === 0n;
  if (lacks(12) || lacks(21)) {
    if (!isRoot) return { reason: 'needs root', tryThis: `sudo ${command}` };
    return { reason: 'needs CAP_NET_ADMIN and CAP_SYS_ADMIN', tryThis: 'docker run --privileged …' };
  }
  if (existsSync('/dev/net/tun')) return undefined;
  return {
    reason: 'needs /dev/net/tun',
    tryThis: 'sudo modprobe tun   (in a container: --device /dev/net/tun)',
  };
}

function checkNode() {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  if (satisfies(process.versions.node, engines.node)) return;
  fail(
    EXIT.prerequisite,
    `Netloom needs Node ${engines.node}; this is ${process.versions.node}`,
    'install Node 20 or later, then again',
  );
}

/** Of semver's grammar only what our `engines` uses: `^20.19.0 || >=22.12.0`. */
export function satisfies(version, range) {
  const parse = (text) => text.split('.').map(Number);
  const [major, minor, patch] = parse(version);
  return range.split('||').some((part) => {
    const [, operator, wanted] =
      /^\s*(\^|>=)([\d.]+)\s*$/.exec(part) ?? fail(EXIT.failed, `cannot read the engines "${range}"`);
    const [wantedMajor, wantedMinor, wantedPatch] = parse(wanted);
    const atLeast =
      major !== wantedMajor
        ? major > wantedMajor
        : minor !== wantedMinor
          ? minor > wantedMinor
          : patch >= wantedPatch;
    return atLeast && (operator === '>=' || major === wantedMajor);
  });
}

/** A user's PATH often lacks the sbin folders, where Debian has `ip`. */
export function find(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function install(packages) {
  const command = ['apt-get', 'install', '--no-install-recommends', ...packages];
  const names = packages.join(', ');
  if (!find('apt-get'))
    fail(
      EXIT.prerequisite,
      `missing, by the names of Debian's packages: ${names}`,
      'install them with your package manager',
    );
  if (!isRoot) fail(EXIT.prerequisite, `missing: ${names}`, `sudo ${command.join(' ')}`);
  const quiet = { env: { DEBIAN_FRONTEND: 'noninteractive' } };
  const title = `installing ${names}`;
  const note = command.join(' ');
  command.splice(2, 0, '-y', '-q');
  if (listsAreThere()) {
    const { code, seconds } = await run(title, command, { ...quiet, note });
    if (code === 0) return done(`installed ${names}`, seconds);
  }
  // No lists, or lists so old that they name files which are gone.
  await mustRun('reading the package lists', 'read the package lists', ['apt-get', 'update', '-q'], quiet);
  await mustRun(title, `installed ${names}`, command, { ...quiet, note });
}

function listsAreThere() {
  try {
    return readdirSync('/var/lib/apt/lists').some((name) => name.includes('_Packages'));
  } catch {
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await checkPrerequisites(process.argv[2] ?? 'build');
