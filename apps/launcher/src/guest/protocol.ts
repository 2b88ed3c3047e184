// What is said between the host and the guest's /init: settings on the kernel command line, then lines on
// the serial console. The host writes commands, each on a line: `ping peer4 5`, `address`, `echo hello`,
// `poweroff`. The guest answers with lines `netloom: WORD key=value…`; a ping's own lines come before its answer.
import { ArgumentError } from '@netloom/core';

export interface GuestSettings {
  /** The host name. */
  name?: string | undefined;
  /** Which interface to set up; without it the first one. */
  mac?: string | undefined;
  /** `10.77.0.2/24` */
  ip4?: string | undefined;
  /** `fd00:77::2/64`: usable at once, without duplicate address detection. */
  ip6?: string | undefined;
  /** Targets that commands may name: `ping peer4`. */
  peer4?: string | undefined;
  peer6?: string | undefined;
  host4?: string | undefined;
  host6?: string | undefined;
  /** Echo requests of a `ping` without a number; 5 if not set. */
  count?: number | undefined;
}

/** The kernel command line of an embedded guest, for QEMU's `-append`. */
export function guestCommandLine(settings: GuestSettings, consoleDevice = defaultConsole()): string {
  const words = [`console=${consoleDevice}`, 'quiet', 'panic=-1', 'mitigations=off'];
  for (const [key, value] of Object.entries(settings) as [string, string | number | undefined][]) {
    if (value === undefined) continue;
    // The guest's shell evaluates it.
    if (!/^[\w.:/%-]+$/.test(String(value))) {
      throw new ArgumentError(
        key,
        `${JSON.stringify(value)} has a character that a guest setting cannot have`,
      );
    }
    words.push(`netloom.${key}=${value}`);
  }
  return words.join(' ');
}

function defaultConsole(): string {
  return process.arch === 'arm64' ? 'ttyAMA0' : 'ttyS0';
}

export type GuestMessage =
  | { type: 'booting' }
  | { type: 'ready'; name: string; ifname: string; mac: string }
  | { type: 'address'; ifname: string; mac: string; ip4: string; ip6: string }
  | { type: 'ping'; target: string; address: string; sent: number; received: number; times?: PingTimes }
  | { type: 'echo'; text: string }
  | { type: 'error'; text: string }
  | { type: 'poweroff' };

/** Round-trip times in milliseconds; there are none if nothing came back. */
export interface PingTimes {
  min: number;
  avg: number;
  max: number;
}

/** Reads one line of the console; `undefined` if it is no message of `/init`. A value that is not there is `-`. */
export function parseGuestLine(line: string): GuestMessage | undefined {
  const match = /^netloom: (\w+) ?(.*?)\r*$/.exec(line);
  if (match === null) return undefined;
  const [, type, text = ''] = match;
  const fields = new Map([...text.matchAll(/(\w+)=(\S+)/g)].map(([, key = '', value = '']) => [key, value]));
  const word = (key: string) => fields.get(key) ?? '-';
  const number = (key: string) => Number(fields.get(key));
  switch (type) {
    case 'booting':
    case 'poweroff':
      return { type };
    case 'echo':
    case 'error':
      return { type, text };
    case 'ready':
      return { type, name: word('name'), ifname: word('ifname'), mac: word('mac') };
    case 'address':
      return { type, ifname: word('ifname'), mac: word('mac'), ip4: word('ip4'), ip6: word('ip6') };
    case 'ping': {
      const counts = { sent: number('sent'), received: number('received') };
      const times = fields.has('avg')
        ? { times: { min: number('min'), avg: number('avg'), max: number('max') } }
        : {};
      return { type, target: word('target'), address: word('address'), ...counts, ...times };
    }
    default:
      return undefined;
  }
}
