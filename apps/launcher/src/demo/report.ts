import { printable } from '@netloom/core';
import { table } from '../ui/table.js';
import type { DemoLab, DemoVm } from './lab.js';
import type { PingResult } from './pings.js';

/** The table, the neighbour's replies on a console, and what to type next. */
export async function report(
  lab: DemoLab,
  results: readonly PingResult[],
  options: { json: boolean },
  seconds: number,
): Promise<void> {
  const ports = await Promise.all(lab.vms.map(async ({ tap }) => tap?.get()));
  // rx is what the host received from the guest.
  const frames = ports.map((port) => ({
    fromGuest: Number(port?.stats.rxPackets ?? 0n),
    toGuest: Number(port?.stats.txPackets ?? 0n),
    dropped: Number(port?.stats.txDropped ?? 0n),
  }));
  if (options.json) {
    const vms = lab.vms.map(({ name, mac, ip4, ip6, tap, vm }, i) => ({
      name,
      mac,
      ip4,
      ip6,
      tap: tap?.ifname,
      accel: vm?.accel,
      frames: frames[i],
    }));
    const answer = { version: 1, bridge: lab.bridge?.ifname, seconds, vms, pings: results };
    process.stdout.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  const head = ['VM', 'PORT', 'MAC', 'ADDRESSES', 'NEIGHBOUR ms', 'HOST ms', 'FRAMES from/to VM'];
  const rows = lab.vms.flatMap((vm, i) => vmRows(vm, results, frames[i]));
  process.stdout.write(`\n${table(head, rows)}\n`);
  const [alice] = lab.vms;
  const replies = results.filter(({ from, target }) => from === alice.name && target.startsWith('peer'));
  process.stdout.write(`\n  ${alice.name}'s serial console, its neighbour answers:\n`);
  for (const { replies: lines } of replies) {
    for (const line of lines.slice(0, 2)) process.stdout.write(`    ${printable(line)}\n`);
  }
  process.stdout.write(
    '\n  ms are min/avg of the round trip.\n' +
      '  next: npm test                       every suite on this machine\n' +
      '        npm run demo -- --help         other kernels, more pings, JSON\n' +
      '        docs/tutorials/two-vms.md      the same in thirty lines of your own\n',
  );
}

function vmRows(
  vm: DemoVm,
  results: readonly PingResult[],
  frames: { fromGuest: number; toGuest: number } | undefined,
): string[][] {
  const cell = (target: PingResult['target']) => {
    const result = results.find(({ from, target: to }) => from === vm.name && to === target);
    if (result === undefined) return '–';
    const { sent, received, times } = result;
    const lost = received < sent ? ` ${received}/${sent}` : '';
    return times === undefined ? `no reply${lost}` : `${times.min.toFixed(1)}/${times.avg.toFixed(1)}${lost}`;
  };
  const count = frames === undefined ? '–' : `${frames.fromGuest}/${frames.toGuest}`;
  return [
    [vm.name, vm.tap?.ifname ?? '–', vm.mac, vm.ip4, cell('peer4'), cell('host4'), count],
    ['', '', '', vm.ip6, cell('peer6'), cell('host6'), ''],
  ];
}
