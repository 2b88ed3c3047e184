import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { builtModule } from './built.js';

/** Runs in a process of its own; prints one JSON value. */
function run(flags: readonly string[]): unknown {
  const script = `
    import { isDeepStrictEqual } from 'node:util';
    import { openNetns, openNetnsSync } from ${JSON.stringify(builtModule('core').href)};
    import * as netlink from ${JSON.stringify(builtModule('core', './netlink').href)};
    const { canCompile, LINK, ROUTE, sourceOf, Writer } = netlink;
    const back = (table, values) => {
      const writer = new Writer();
      table.encode(writer, values);
      const bytes = writer.finish();
      return isDeepStrictEqual(table.decode(sourceOf(bytes), 0, bytes.length), values);
    };
    const data = { id: 42, port: 4789, learning: false, local: '192.0.2.1' };
    const stats = { rxPackets: 1n << 60n };
    const netns = await openNetns();
    const lo = await netns.links.get('lo');
    const sync = openNetnsSync();
    console.log(JSON.stringify({
      canCompile,
      link: back(LINK, { ifname: 'vx0', mtu: 1400, linkinfo: { kind: 'vxlan', data } }),
      route: back(ROUTE, { dst: '2001:db8::', oif: 3, metrics: { mtu: 1280 } }),
      lo: [lo.ifname, lo.ifindex, lo.type, lo.mtu > 0],
      sync: sync.sync.links.get(1).ifname,
    }));
    netns.close();
    sync.close();`;
  const text = execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  return JSON.parse(text);
}

describe('where functions may not be made from text', () => {
  test('tables are interpreted, and the kernel is read as ever', () => {
    expect(run(['--disallow-code-generation-from-strings'])).toEqual({
      canCompile: false,
      link: true,
      route: true,
      lo: ['lo', 1, 772, true],
      sync: 'lo',
    });
  });

  test('elsewhere they are compiled', () => {
    expect(run([])).toMatchObject({ canCompile: true, link: true, route: true, lo: ['lo', 1, 772, true] });
  });
});
