// After `npm install` changed package-lock.json: adds the optional packages of other platforms that this
// machine's registry mirror does not carry. npm leaves those out of the lock without a word, and `npm ci`
// then refuses the lock everywhere. They get no integrity; no machine but their own kind ever fetches them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './steps.mjs';

const SYSTEMS = 'aix android darwin freebsd linux netbsd openbsd openharmony sunos win32'.split(' ');
const PROCESSORS = 'arm arm64 ia32 loong64 mips64el ppc64 riscv64 s390x x64'.split(' ');
const ALIASES = { 64: 'x64', windows: 'win32' };

const file = join(ROOT, 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const { packages } = lock;
let added = 0;
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (isLocked(path, name)) continue;
    if (!/^\d/.test(version))
      throw new Error(`${path} wants ${name} ${version}: which version that is cannot be known`);
    packages[`node_modules/${name}`] = {
      version,
      ...platform('cpu', PROCESSORS, name),
      ...(dev === true && { dev }),
      ...(name.includes('musl') && { libc: ['musl'] }),
      optional: true,
      ...platform('os', SYSTEMS, name),
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added} packages of other platforms added`);

/** As Node looks for it: beside the package that wants it, then further up. */
function isLocked(path, name) {
  for (let folder = path; folder !== ''; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    if (`${folder}/node_modules/${name}` in packages) return true;
  }
  return `node_modules/${name}` in packages;
}

function platform(key, known, name) {
  const words = name.split(/[/-]/).map((word) => ALIASES[word] ?? word);
  const found = words.filter((word) => known.includes(word));
  return found.length > 0 ? { [key]: found } : {};
}
