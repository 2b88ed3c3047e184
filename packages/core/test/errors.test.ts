import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as first from '../src/errors.js';
import { errnoName, errnoText } from '../src/errno.js';
import { expectSuccess, fromNative, refusal, translated } from '../src/refusal.js';

const { ArgumentError, DumpInterruptedError, NetlinkError, NetloomError } = first;

describe('a message', () => {
  test('says what and why, then the code', () => {
    const error = new NetloomError('ENODEV', 'cannot find link br0: there is none');
    expect(error.message).toBe('cannot find link br0: there is none\n  ENODEV');
    expect(error.summary).toBe('cannot find link br0: there is none');
  });

  test('has a line each for the request, the hint and the command', () => {
    const error = new NetlinkError('EINVAL', 22, 'cannot create bridge br0: invalid argument', {
      request: 'RTM_NEWLINK',
      field: 'ageingTime',
      kernelMessage: 'integer out of range',
      hint: 'try less',
      command: 'ip link add name br0 type bridge',
    });
    expect(error.message.split('\n')).toEqual([
      'cannot create bridge br0: invalid argument',
      '  RTM_NEWLINK ageingTime: EINVAL "integer out of range"',
      '  hint: try less',
      '  same as: ip link add name br0 type bridge',
    ]);
  });

  test('of a bad argument names the field', () => {
    const error = new ArgumentError('peer.mtu', '9 is too small');
    expect(error.message.split('\n')[0]).toBe('invalid peer.mtu: 9 is too small');
    expect(error).toMatchObject({ code: 'ERR_NETLOOM_ARGUMENT', field: 'peer.mtu', name: 'ArgumentError' });
  });
});

test('details that were not given are not there', () => {
  const error = new NetloomError('EIO', 'cannot read', { hint: undefined });
  for (const name of ['field', 'kernelMessage', 'hint', 'command', 'request', 'cause']) {
    expect(Object.hasOwn(error, name), name).toBe(false);
  }
});

test('the cause is kept', () => {
  const cause = new Error('below');
  expect(new NetloomError('EIO', 'cannot read', { cause }).cause).toBe(cause);
});

describe('each class', () => {
  test.each([
    [new NetloomError('X', 'x'), 'NetloomError', [NetloomError]],
    [new ArgumentError('x', 'x'), 'ArgumentError', [NetloomError, ArgumentError]],
    [new NetlinkError('EIO', 5, 'x'), 'NetlinkError', [NetloomError, NetlinkError]],
    [new DumpInterruptedError('x', []), 'DumpInterruptedError', [NetloomError, DumpInterruptedError]],
  ])('%# is an Error of its own name and of its bases only', (error, name, bases) => {
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(name);
    expect(error.stack).toContain(name);
    for (const one of [NetloomError, ArgumentError, NetlinkError, DumpInterruptedError]) {
      expect(error instanceof one, one.name).toBe((bases as unknown[]).includes(one));
    }
  });

  test.each([undefined, null, 7, 'x', {}, new Error('x'), Object.assign(new Error('x'), { code: 'EIO' })])(
    '%o is none of them',
    (value) => {
      for (const one of [NetloomError, ArgumentError, NetlinkError, DumpInterruptedError]) {
        expect(value instanceof one, one.name).toBe(false);
      }
    },
  );

  test('a class that a user derives is told apart', () => {
    class Mine extends NetlinkError {}
    expect(new Mine('EIO', 5, 'x')).toBeInstanceOf(NetlinkError);
    expect(new NetlinkError('EIO', 5, 'x')).not.toBeInstanceOf(Mine);
  });
});

describe('instanceof works across two copies of the package', () => {
  let second: typeof first;
  beforeAll(async () => {
    vi.resetModules();
    second = await import('../src/errors.js');
  });
  afterAll(() => {
    vi.resetModules();
  });

  test('the copies are two', () => {
    expect(second.NetloomError).not.toBe(NetloomError);
  });

  const CLASSES = { NetloomError, ArgumentError, NetlinkError, DumpInterruptedError };

  test.each([
    [() => new second.NetloomError('EIO', 'x'), ['NetloomError']],
    [() => new second.ArgumentError('x', 'x'), ['NetloomError', 'ArgumentError']],
    [() => new second.NetlinkError('EIO', 5, 'x'), ['NetloomError', 'NetlinkError']],
    [() => new second.DumpInterruptedError('x', []), ['NetloomError', 'DumpInterruptedError']],
  ])('%# an error of the other copy is $1', (make, expected) => {
    const error: unknown = make();
    const names = Object.entries(CLASSES).filter(([, one]) => error instanceof one);
    expect(names.map(([name]) => name)).toEqual(expected);
  });
});

describe('errno', () => {
  test.each([
    [1, 'EPERM'],
    [11, 'EAGAIN'],
    [17, 'EEXIST'],
    [19, 'ENODEV'],
    [95, 'EOPNOTSUPP'],
    [105, 'ENOBUFS'],
    [524, 'E524'],
  ])('%i is %s', (number, name) => {
    expect(errnoName(number)).toBe(name);
  });

  test.each([
    [17, 'file already exists'],
    [524, 'operation not supported by the kernel'],
    [4000, 'E4000'],
  ])('%i reads "%s"', (number, text) => {
    expect(errnoText(number)).toBe(text);
  });
});

describe('a refusal of the kernel', () => {
  const outcome = (errno: number, message?: string, path: string[] = []) => ({
    verdict: { errno, message },
    messages: [],
    path,
    interrupted: false,
    filtered: false,
  });
  const context = { what: 'create bridge br0', request: 'RTM_NEWLINK' };

  test('is an error with the kernel’s words, or the errno’s when it has none', () => {
    expect(refusal(outcome(22, 'integer out of range'), context)).toMatchObject({
      code: 'EINVAL',
      errno: 22,
      kernelMessage: 'integer out of range',
      summary: 'cannot create bridge br0: integer out of range',
    });
    expect(refusal(outcome(17), context).summary).toBe('cannot create bridge br0: file already exists');
  });

  test('names the field as the caller wrote it', () => {
    const path = ['linkinfo', 'data', 'ageingTime'];
    expect(refusal(outcome(22, undefined, path), context).field).toBe('linkinfo.data.ageingTime');
    const named = { ...context, field: (at: readonly string[]) => at.at(-1) };
    expect(refusal(outcome(22, undefined, path), named).field).toBe('ageingTime');
    expect(Object.hasOwn(refusal(outcome(22), context), 'field')).toBe(false);
  });

  test('makes the command only when there is something to refuse', () => {
    const command = vi.fn(() => 'ip link');
    expectSuccess(outcome(0), { ...context, command });
    expect(command).not.toHaveBeenCalled();
    expect(() => expectSuccess(outcome(1), { ...context, command })).toThrow('ip link');
  });
});

describe('what native code throws', () => {
  const native = Object.assign(new Error('setns failed'), { code: 'EPERM', errno: 1, syscall: 'setns' });

  test('becomes an error with the call as its request and the original as its cause', () => {
    const call = () => {
      throw native;
    };
    expect(() => translated(call, 'open the namespace', { field: 'name' })).toThrow(NetloomError);
    expect(fromNative(native, 'open the namespace', { field: 'name' })).toMatchObject({
      code: 'EPERM',
      field: 'name',
      request: 'setns',
      cause: native,
    });
  });

  test('keeps a code of ours', () => {
    const platform = Object.assign(new Error('needs Linux'), { code: 'ERR_NETLOOM_PLATFORM' });
    expect(fromNative(platform, 'open it')).toMatchObject({ code: 'ERR_NETLOOM_PLATFORM', cause: platform });
  });

  test.each([new TypeError('a bug'), Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' })])(
    'is passed on when it is no system call: %o',
    (error) => {
      expect(fromNative(error, 'open it')).toBe(error);
    },
  );

  test('is passed on when it is ours already', () => {
    const ours = new ArgumentError('x', 'x');
    expect(fromNative(ours, 'open it')).toBe(ours);
  });
});
