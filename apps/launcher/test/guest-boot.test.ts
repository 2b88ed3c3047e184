import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { embeddedGuest } from '../src/guest/image.js';
import {
  guestCommandLine,
  parseGuestLine,
  type GuestMessage,
  type GuestSettings,
} from '../src/guest/protocol.js';

// Without TAPs: two guests are joined by datagram sockets in a folder, so that no right is needed.
const WEB = { name: 'web', mac: '52:54:00:00:00:02', ip4: '10.77.0.2/24', ip6: 'fd00:77::2/64' };
const DB = { name: 'db', mac: '52:54:00:00:00:03', ip4: '10.77.0.3/24', ip6: 'fd00:77::3/64' };

class Guest {
  readonly lines: string[] = [];
  readonly #process: ChildProcess;
  readonly #ended: Promise<number | null>;
  #closed = false;
  #read = 0;
  #wake = () => {};

  constructor(
    image: { kernel: string; initrd: string },
    settings: GuestSettings,
    netdev: string,
    more: string[] = [],
  ) {
    const device = `virtio-net-pci,netdev=n0,mac=${settings.mac ?? WEB.mac},romfile=`;
    const machine = '-M q35 -accel tcg -cpu max -m 256M -nodefaults -display none -no-reboot -serial stdio';
    const boot = ['-kernel', image.kernel, '-initrd', image.initrd, '-append', guestCommandLine(settings)];
    const network = ['-netdev', netdev, '-device', device];
    this.#process = spawn('qemu-system-x86_64', [...machine.split(' '), ...boot, ...network, ...more]);
    const { stdout } = this.#process;
    if (stdout === null) throw new Error('QEMU has no output');
    createInterface({ input: stdout }).on('line', (line) => {
      this.lines.push(line);
      this.#wake();
    });
    this.#ended = new Promise((resolve) => {
      this.#process.once('close', (code) => {
        this.#closed = true;
        resolve(code);
        this.#wake();
      });
    });
  }

  write(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** The next message of this type, after the lines that were looked at before. */
  async next<T extends GuestMessage['type']>(type: T): Promise<Extract<GuestMessage, { type: T }>> {
    for (;;) {
      while (this.#read < this.lines.length) {
        const message = parseGuestLine(this.lines[this.#read] ?? '');
        this.#read += 1;
        if (message?.type === type) return message as Extract<GuestMessage, { type: T }>;
      }
      if (this.#closed) throw new Error(`QEMU ended:\n${this.lines.join('\n')}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  ended(): Promise<number | null> {
    return this.#ended;
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }
}

describe.skipIf(process.arch !== 'x64')('the embedded guest', () => {
  let folder: string;
  const guests: Guest[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'netloom-guest-'));
  });
  afterEach(async () => {
    await Promise.all(guests.splice(0).map((guest) => guest.kill()));
    await rm(folder, { recursive: true });
  });

  async function boot(
    settings: GuestSettings,
    netdev = 'hubport,id=n0,hubid=0',
    more: string[] = [],
  ): Promise<Guest> {
    const guest = new Guest(await embeddedGuest(), settings, netdev, more);
    guests.push(guest);
    return guest;
  }

  it('is there at once the second time', async () => {
    const first = await embeddedGuest();
    const before = performance.now();
    expect(await embeddedGuest()).toEqual(first);
    expect(performance.now() - before).toBeLessThan(100);
  });

  it('sets up its interface, obeys its console and powers off', async () => {
    const guest = await boot(WEB);
    expect(await guest.next('ready')).toMatchObject({ name: 'web', ifname: 'eth0', mac: WEB.mac });
    guest.write('address');
    expect(await guest.next('address')).toMatchObject({ ip4: WEB.ip4, ip6: WEB.ip6 });
    guest.write('echo one  two');
    expect(await guest.next('echo')).toEqual({ type: 'echo', text: 'one  two' });
    guest.write('reticulate splines');
    expect(await guest.next('error')).toEqual({ type: 'error', text: 'unknown command reticulate' });
    guest.write('ping peer4');
    expect((await guest.next('error')).text).toBe('ping: no address for peer4');
    guest.write('ping 10.77.0.9 1');
    expect(await guest.next('ping')).toEqual({
      type: 'ping',
      target: '10.77.0.9',
      address: '10.77.0.9',
      sent: 1,
      received: 0,
    });
    guest.write('poweroff');
    await guest.next('poweroff');
    expect(await guest.ended()).toBe(0);
  });

  it('hears the power button', async () => {
    const socket = join(folder, 'qmp');
    const guest = await boot(WEB, undefined, ['-qmp', `unix:${socket},server=on,wait=off`]);
    await guest.next('ready');
    const qmp = connect(socket);
    qmp.write('{"execute":"qmp_capabilities"}\n{"execute":"system_powerdown"}\n');
    await guest.next('poweroff');
    expect(await guest.ended()).toBe(0);
    qmp.destroy();
  });

  it('takes the first interface if none is named', async () => {
    const guest = await boot({ ...WEB, mac: undefined });
    expect(await guest.next('ready')).toMatchObject({ ifname: 'eth0' });
  });

  it('pings its neighbour in IPv4 and IPv6 and prints the replies', async () => {
    const netdev = (own: string, other: string) =>
      `dgram,id=n0,local.type=unix,local.path=${join(folder, own)},remote.type=unix,remote.path=${join(folder, other)}`;
    const web = await boot({ ...WEB, peer4: '10.77.0.3', peer6: 'fd00:77::3' }, netdev('web', 'db'));
    const db = await boot({ ...DB, peer4: '10.77.0.2', peer6: 'fd00:77::2' }, netdev('db', 'web'));
    await Promise.all([web.next('ready'), db.next('ready')]);
    web.write('ping peer4 3 0.2');
    expect(await web.next('ping')).toMatchObject({
      target: 'peer4',
      address: '10.77.0.3',
      sent: 3,
      received: 3,
    });
    expect(web.lines.join('\n')).toMatch(/64 bytes from 10\.77\.0\.3: seq=2 ttl=64 time=[\d.]+ ms/);
    db.write('ping peer6 3 0.2');
    const message = await db.next('ping');
    expect(message).toMatchObject({ target: 'peer6', address: 'fd00:77::2', sent: 3, received: 3 });
    expect(message.times?.avg).toBeGreaterThan(0);
  });
});
