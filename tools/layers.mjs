// Layers point down (docs: architecture): fails on an import between workspaces that does not.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { ROOT } from './steps.mjs';

/** Which packages of ours the sources of a package may import. Kinds know core, never one another. */
const MAY_IMPORT = {
  'packages/core': ['native'],
  'packages/veth': ['core'],
  'packages/bridge': ['core'],
  'packages/vnic': ['core', 'native'],
  'packages/capture': ['core', 'native'],
  'packages/qemu': ['core'],
  'packages/topology': ['core', 'veth', 'bridge', 'vnic', 'capture'],
  'packages/testing': ['core', 'native'],
  'apps/*': ['core', 'veth', 'bridge', 'vnic', 'capture', 'qemu', 'topology', 'native'],
};
const NETLINK = join(ROOT, 'packages/core/src/netlink');

let files = 0;
const faults = [];
for (const workspace of workspaces()) {
  const allowed = MAY_IMPORT[workspace] ?? MAY_IMPORT[`${dirname(workspace)}/*`];
  if (allowed === undefined) faults.push(`${workspace}: tools/layers.mjs does not say what it may import`);
  const folder = join(ROOT, workspace, 'src');
  for (const file of sources(folder)) {
    files += 1;
    for (const specifier of imports(file)) {
      const fault = judge(file, specifier, workspace, folder, allowed ?? []);
      if (fault !== undefined) faults.push(`${relative(ROOT, file)}: imports ${specifier}: ${fault}`);
    }
  }
}
for (const fault of faults) console.error(fault);
console.log(`layers: ${files} files, ${faults.length} imports that do not point down`);
if (faults.length > 0) process.exitCode = 1;

function judge(file, specifier, workspace, folder, allowed) {
  const inNetlink = file.startsWith(`${NETLINK}/`);
  if (specifier.startsWith('node:')) return undefined;
  if (specifier.startsWith('.')) {
    const target = resolve(dirname(file), specifier);
    if (!target.startsWith(`${folder}/`)) return `it is outside of ${workspace}/src`;
    if (inNetlink && !target.startsWith(`${NETLINK}/`))
      return 'the netlink engine knows nothing of the rest of core';
    return undefined;
  }
  const ours = /^@netloom\/([^/]+)/.exec(specifier)?.[1];
  if (ours === undefined) {
    return workspace.startsWith('packages/') ? 'the packages have no dependency but one another' : undefined;
  }
  if (inNetlink && ours !== 'native') return 'the netlink engine knows only @netloom/native';
  if (allowed.includes(ours)) return undefined;
  return `${workspace} may import ${allowed.map((name) => `@netloom/${name}`).join(', ') || 'nothing of ours'}`;
}

function imports(file) {
  return ts
    .preProcessFile(readFileSync(file, 'utf8'), true, true)
    .importedFiles.map(({ fileName }) => fileName);
}

function workspaces() {
  return ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(ROOT, group)).map((name) => `${group}/${name}`),
  );
}

function sources(folder) {
  try {
    return readdirSync(folder, { recursive: true })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
