import type { NetlinkSocket as NativeSocket } from '@netloom/native';
import { Writer } from '../src/netlink/bytes.js';
import { LINK_MESSAGE, RTM_GETLINK, RTM_NEWLINK } from '../src/netlink/index.js';
import { type Message, messagesIn, readAttributes, writeMessage } from '../src/netlink/message.js';
import { NetlinkSocket } from '../src/netlink/socket.js';
import { ask, type Operation } from '../src/operation.js';
import { joined } from './replies.js';

/** Answers one request: reply bytes, or nothing for success without words. */
export type Answer = (request: Message, exchange: number) => Uint8Array;

/** A kernel that is a function, for faults that a real one does not produce. */
export class FakeKernel {
  /** Interface names (or message types) of every exchange, in order. */
  readonly exchanges: string[][] = [];
  opened = 0;
  closed = 0;
  readonly #answer: Answer;

  constructor(answer: Answer = () => new Uint8Array()) {
    this.#answer = answer;
  }

  readonly open = (): NetlinkSocket => {
    this.opened += 1;
    let isOpen = true;
    const exchangeSync = (request: Uint8Array): Uint8Array => {
      if (!isOpen) throw Object.assign(new Error('closed'), { code: 'EBADF', errno: 9, syscall: 'sendmsg' });
      const requests = [...messagesIn(request)];
      const exchange = this.exchanges.push(requests.map(nameOf)) - 1;
      return joined(...requests.map((one) => this.#answer(one, exchange)));
    };
    const socket = {
      exchangeSync,
      exchange: async (request: Uint8Array) => {
        await Promise.resolve();
        return exchangeSync(request);
      },
      close: () => {
        if (isOpen) this.closed += 1;
        isOpen = false;
      },
    };
    return new NetlinkSocket(socket as unknown as NativeSocket);
  };
}

export const nameOf = (request: Message): string =>
  readAttributes(LINK_MESSAGE, request).ifname ?? `#${request.type}`;

/** A link as RTM_GETLINK answers it. */
export function linkReply(seq: number, ifname: string, flags = 0): Uint8Array {
  const writer = new Writer();
  writeMessage(writer, { type: RTM_NEWLINK, flags, seq }, LINK_MESSAGE, { ifindex: 7 }, { ifname });
  return writer.finish();
}

/** Asks for a link and returns the errno and the names that came back. */
export function* look(ifname: string): Operation<{ errno: number; names: string[] }> {
  const [outcome] = yield* ask((batch) => {
    batch.add(RTM_GETLINK, 0, LINK_MESSAGE, {}, { ifname });
  });
  if (outcome === undefined) throw new Error('no outcome');
  return { errno: outcome.verdict.errno, names: outcome.messages.map(nameOf) };
}
