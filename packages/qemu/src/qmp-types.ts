/** QMP commands whose answers have a type here; any other is sent by its name and answers `unknown`. */
export interface QmpCommands {
  'query-status': QmpStatus;
  'query-kvm': { enabled: boolean; present: boolean };
  'query-version': { qemu: { major: number; minor: number; micro: number }; package: string };
  'query-name': { name?: string };
  'query-chardev': { label: string; filename: string; 'frontend-open': boolean }[];
  'query-cpus-fast': { 'cpu-index': number; 'thread-id': number; 'qom-path': string; target: string }[];
  'query-rx-filter': QmpRxFilter[];
  system_powerdown: Record<string, never>;
  system_reset: Record<string, never>;
  stop: Record<string, never>;
  cont: Record<string, never>;
  quit: Record<string, never>;
  set_link: Record<string, never>;
  netdev_add: Record<string, never>;
  netdev_del: Record<string, never>;
  device_add: Record<string, never>;
  device_del: Record<string, never>;
  getfd: Record<string, never>;
  closefd: Record<string, never>;
}

/** Answer of `query-status`; `status` is `running`, `paused`, `prelaunch`, `shutdown`, … */
export interface QmpStatus {
  running: boolean;
  status: string;
}

/** Answer of `query-rx-filter`, one entry a card (the fields that are used here). */
export interface QmpRxFilter {
  name: string;
  promiscuous: boolean;
  'main-mac': string;
  'unicast-table': string[];
  'multicast-table': string[];
  'vlan-table': number[];
}

/** An event of QEMU, such as `SHUTDOWN` or `DEVICE_DELETED`. */
export interface QmpEvent {
  event: string;
  data: Readonly<Record<string, unknown>>;
  /** QEMU's clock, seconds since 1970. */
  time: number;
}

/** One message of QEMU, sorted. */
export type QmpMessage =
  | { type: 'greeting' }
  | { type: 'return'; id: number; value: unknown }
  | { type: 'error'; id: number; class: string; desc: string }
  | { type: 'event'; event: QmpEvent };

/** Reads one line of QMP. Throws SyntaxError on anything that is not a message of it. */
export function parseQmpMessage(line: string): QmpMessage {
  const message: unknown = JSON.parse(line);
  if (!isRecord(message)) throw new SyntaxError('not an object');
  if (isRecord(message['QMP'])) return { type: 'greeting' };
  if (typeof message['event'] === 'string') {
    const { event, data, timestamp } = message;
    return {
      type: 'event',
      event: { event, data: isRecord(data) ? data : {}, time: eventTime(timestamp) },
    };
  }
  const { id, error } = message;
  if (isRecord(error)) {
    const problem = { class: String(error['class']), desc: String(error['desc']) };
    if (typeof id === 'number') return { type: 'error', id, ...problem };
    throw new SyntaxError(`an error without an id: ${problem.class}: ${problem.desc}`);
  }
  if ('return' in message && typeof id === 'number') return { type: 'return', id, value: message['return'] };
  throw new SyntaxError('neither greeting, answer nor event');
}

function eventTime(timestamp: unknown): number {
  if (!isRecord(timestamp)) return 0;
  const { seconds, microseconds } = timestamp;
  return typeof seconds === 'number' && typeof microseconds === 'number' ? seconds + microseconds / 1e6 : 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
