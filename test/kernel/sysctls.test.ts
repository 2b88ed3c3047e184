import { execFileSync } from 'node:child_process';
import { createNetns, openNetns } from '@netloom/core';
import { scratchNetns } from '@netloom/testing';
import { expect, test } from 'vitest';

const theirs = (netns: string, path: string) =>
  execFileSync('ip', ['netns', 'exec', netns, 'cat', `/proc/sys/net/${path}`], { encoding: 'utf8' }).trim();

test('settings are those of the namespace, and are restored when the owner lets go', async () => {
  await using host = await openNetns();
  const before = await host.sysctls.get('ipv4.ip_forward');
  await using owner = await scratchNetns();
  const name = owner.name ?? '';
  const initial = theirs(name, 'ipv4/ip_forward');
  {
    await using borrowed = await openNetns(name);
    await borrowed.sysctls.set('ipv4.ip_forward', initial === '0' ? 1 : 0);
    await borrowed.sysctls.set('ipv6/conf/lo/accept_dad', -1);
    expect(theirs(name, 'ipv4/ip_forward')).not.toBe(initial);
    expect(await borrowed.sysctls.get('ipv6.conf.lo.accept_dad')).toBe('-1');
  }
  expect(theirs(name, 'ipv4/ip_forward')).toBe(initial);
  expect(await host.sysctls.get('ipv4.ip_forward')).toBe(before);
});

test('keep() lets what was set stand', async () => {
  await using owner = await scratchNetns();
  const borrowed = await openNetns(owner.name);
  await borrowed.sysctls.set('ipv4.conf.all.rp_filter', 2);
  await borrowed.keep();
  await borrowed[Symbol.asyncDispose]();
  expect(theirs(owner.name ?? '', 'ipv4/conf/all/rp_filter')).toBe('2');
});

test('unknown settings, bad values and paths that climb out are named errors', async () => {
  await using netns = await createNetns();
  await expect(netns.sysctls.get('ipv4.no_such')).rejects.toMatchObject({ code: 'ENOENT', field: 'name' });
  await expect(netns.sysctls.set('ipv4.ip_forward', 'nonsense')).rejects.toMatchObject({
    code: 'EINVAL',
    field: 'value',
  });
  for (const name of [
    '',
    'x',
    '../kernel/hostname',
    'ipv4/../../kernel/hostname',
    'ipv4/conf/../../../kernel/x',
  ]) {
    await expect(netns.sysctls.get(name)).rejects.toMatchObject({
      code: 'ERR_NETLOOM_ARGUMENT',
      field: 'name',
    });
  }
});
