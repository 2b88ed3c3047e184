import { existsSync, readdirSync, readFileSync } from 'node:fs';

const PACKAGES = new URL('../../', import.meta.url);

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, { readonly default?: string } | string>>;
}

/** What a package's consumers import: the built module. It is there, for the suite runs after the build. */
export function builtModule(folder: string, entry = '.'): URL {
  const manifest = manifestOf(folder);
  const target = manifest.exports[entry];
  const path = typeof target === 'object' ? target.default : target;
  if (path === undefined) throw new Error(`${manifest.name} exports no ${entry}`);
  const url = new URL(`${folder}/${path}`, PACKAGES);
  if (!existsSync(url)) throw new Error(`${url.pathname} is missing: run \`npm run build\` first`);
  return url;
}

/** Every entry of every package, as [`@netloom/core/netlink`, its built module]. */
export function builtModules(): (readonly [string, URL])[] {
  return readdirSync(PACKAGES).flatMap((folder) => {
    const { name, exports } = manifestOf(folder);
    return Object.entries(exports)
      .filter(([, target]) => typeof target === 'object')
      .map(([entry]) => [name + entry.slice(1), builtModule(folder, entry)] as const);
  });
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(new URL(`${folder}/package.json`, PACKAGES), 'utf8')) as Manifest;
}
