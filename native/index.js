// Importing this works on every platform; the first use of a property loads the binary.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const FUNCTIONS = [
  'openNetns',
  'currentNetns',
  'createNetns',
  'netnsIdentity',
  'openNetlink',
  'openTun',
  'tunFeatures',
  'openSysctl',
  'bindMount',
  'shareMount',
  'unmount',
  'tryLock',
  'requestThreads',
];

const require = createRequire(import.meta.url);

function failure(code, message, cause) {
  return Object.assign(new Error(message, cause && { cause }), { code });
}

/** The C library that this very process runs on, which an installed `ldd` may not tell. */
function libc() {
  return readFileSync('/proc/self/maps', 'latin1').includes('/ld-musl-') ? 'musl' : 'gnu';
}

function loadBinary() {
  const { platform, arch, version } = process;
  if (platform !== 'linux') {
    throw failure('ERR_NETLOOM_PLATFORM', `Netloom's kernel calls need Linux; this is ${platform}-${arch}`);
  }
  const override = process.env.NETLOOM_NATIVE_PATH;
  const target = `linux-${arch}-${libc()}`;
  const local = fileURLToPath(new URL(`./netloom.${target}.node`, import.meta.url));
  // A build that is there but broken must be seen, not be hidden by a package.
  const name = override || (existsSync(local) ? local : `@netloom/native-${target}`);
  try {
    return require(name);
  } catch (cause) {
    const why =
      cause?.code === 'MODULE_NOT_FOUND'
        ? 'it is not installed'
        : `it does not load: ${cause?.message ?? cause}`;
    throw failure(
      'ERR_NETLOOM_NATIVE',
      `Cannot load ${name} for ${target} (Node ${version}): ${why}. ` +
        'To build it from source, run in the folder of @netloom/native: npm run build',
      cause,
    );
  }
}

const native = {};

function load() {
  const binary = loadBinary();
  for (const name of FUNCTIONS) {
    Object.defineProperty(native, name, { value: binary[name], enumerable: true, configurable: true });
  }
}

for (const name of FUNCTIONS) {
  Object.defineProperty(native, name, {
    get() {
      load();
      return native[name];
    },
    enumerable: true,
    configurable: true,
  });
}

export default native;
