import { NetloomError } from '@netloom/core';
import type { QemuVm } from '@netloom/qemu';
import { parseGuestLine, type PingTimes } from '../guest/index.js';

/** What one guest's pings of one target came to. */
export interface PingResult {
  readonly from: string;
  readonly target: 'peer4' | 'peer6' | 'host4' | 'host6';
  readonly address: string;
  readonly sent: number;
  readonly received: number;
  readonly times?: PingTimes;
  /** The reply lines as the guest printed them on its console. */
  readonly replies: readonly string[];
}

export const TARGETS = ['peer4', 'peer6', 'host4', 'host6'] as const;

/** Seconds between two echo requests. */
const INTERVAL = 0.2;

/** Has a guest ping a target by its console, and reads what the guest printed. */
export async function ping(
  name: string,
  vm: QemuVm,
  target: PingResult['target'],
  count: number,
  signal: AbortSignal,
): Promise<PingResult> {
  const from = vm.console.position;
  await vm.console.write(`ping ${target} ${count} ${INTERVAL}\n`);
  // From the start of a line, and no longer than an answer is: the guest writes what it likes.
  const answer = new RegExp(`^netloom: (?:ping target=${target} |error )[^\\r\\n]{0,200}\\r*\\n`, 'm');
  const [found = ''] = await vm.console.waitFor(answer, { from, timeout: 30 + count * 2, signal });
  const message = parseGuestLine(found.trimEnd());
  if (message?.type !== 'ping') {
    throw new NetloomError('ERR_NETLOOM_GUEST', `cannot ping ${target} from ${name}: the guest said no`, {
      kernelMessage: found.trim(),
    });
  }
  const replies = vm.console.text.split(/\r*\n/).filter((line) => line.includes(`from ${message.address}:`));
  const { address, sent, received, times } = message;
  return { from: name, target, address, sent, received, ...(times === undefined ? {} : { times }), replies };
}
