import { describe, expect, test } from 'vitest';
import { dataWords, ip, linkAddCommand, linkSetCommand, refWord, settingWords } from '../src/iproute2.js';
import { BRIDGE, BRIDGE_PORT } from '../src/netlink/index.js';

const line = (kind: string, data: object) => dataWords(kind, data).join(' ');

describe('the words of a bridge', () => {
  test.each([
    [{ vlanFiltering: true }, 'vlan_filtering 1'],
    [{ vlanFiltering: false }, 'vlan_filtering 0'],
    [{ ageingTime: 12.5 }, 'ageing_time 1250'],
    [{ forwardDelay: 4, helloTime: 2, maxAge: 20 }, 'forward_delay 400 hello_time 200 max_age 2000'],
    [{ vlanProtocol: 0x8100 }, 'vlan_protocol 802.1Q'],
    [{ vlanProtocol: 0x88a8 }, 'vlan_protocol 802.1ad'],
    [{ priority: 4096, stpState: 1 }, 'priority 4096 stp_state 1'],
    [{ mcastLastMemberCnt: 3 }, 'mcast_last_member_count 3'],
    [{ mcastQueryIntvl: 125 }, 'mcast_query_interval 12500'],
    [{ groupAddr: '01:80:c2:00:00:0e' }, 'group_address 01:80:c2:00:00:0e'],
    [{ nfCallIp6tables: true }, 'nf_call_ip6tables 1'],
    [{ fdbFlush: true }, 'fdb_flush'],
  ])('%o', (data, expected) => {
    expect(line('bridge', data)).toBe(expected);
  });

  test('are known to iproute2, every option that can be set', () => {
    // `ip link help bridge` of iproute2 6.1 to 6.12.
    const known = new Set(
      `fdb_flush forward_delay hello_time max_age ageing_time stp_state priority group_fwd_mask group_address
      no_linklocal_learn vlan_filtering vlan_protocol vlan_default_pvid vlan_stats_enabled vlan_stats_per_port
      mcast_snooping mcast_vlan_snooping mcast_router mcast_query_use_ifaddr mcast_querier
      mcast_hash_elasticity mcast_hash_max mcast_last_member_count mcast_startup_query_count
      mcast_last_member_interval mcast_membership_interval mcast_querier_interval mcast_query_interval
      mcast_query_response_interval mcast_startup_query_interval mcast_stats_enabled mcast_igmp_version
      mcast_mld_version nf_call_iptables nf_call_ip6tables nf_call_arptables fdb_max_learned`.split(/\s+/),
    );
    const readOnly =
      /^(rootId|bridgeId|rootPort|rootPathCost|topologyChange.*|.*Timer|mcastQuerierState|fdbNLearned)$/;
    const unknown = Object.keys(BRIDGE.attributes)
      // Bits without a name of their own: shown below.
      .filter((name) => !readOnly.test(name) && name !== 'multiBoolopt')
      .map((name) => dataWords('bridge', { [name]: 1 })[0])
      .filter((word) => !known.has(word ?? ''));
    expect(unknown).toEqual([]);
  });

  test('never show an object as such', () => {
    expect(line('bridge', { multiBoolopt: { value: 1, mask: 1 } })).not.toContain('[object');
  });
});

describe('the words of a bridge port', () => {
  test.each([
    [{ isolated: true }, 'isolated on'],
    [{ learning: false }, 'learning off'],
    [{ mode: true }, 'hairpin on'],
    [{ protect: true }, 'root_block on'],
    [{ fastLeave: true }, 'fastleave on'],
    [
      { unicastFlood: false, mcastFlood: false, bcastFlood: true },
      'flood off mcast_flood off bcast_flood on',
    ],
    [{ mcastToUcast: true }, 'mcast_to_unicast on'],
    [{ multicastRouter: 2 }, 'mcast_router 2'],
    [{ cost: 100, priority: 8, state: 3 }, 'cost 100 priority 8 state 3'],
    [{ neighSuppress: true, vlanTunnel: false, locked: true }, 'neigh_suppress on vlan_tunnel off locked on'],
  ])('%o', (data, expected) => {
    expect(line('bridgePort', data)).toBe(expected);
  });

  test('are known to `bridge link set`, every option that it has', () => {
    const known = new Set(
      `cost priority state guard hairpin fastleave root_block learning learning_sync flood mcast_router
      mcast_flood bcast_flood mcast_to_unicast mcast_max_groups neigh_suppress neigh_vlan_suppress vlan_tunnel
      isolated locked mab backup_port backup_nhid`.split(/\s+/),
    );
    const readOnly =
      /^(rootId|bridgeId|designated.*|id|no|topologyChangeAck|configPending|.*Timer|mcastEhtHostsCnt|mcastNGroups)$/;
    // `ip link set … type bridge_slave` has these, `bridge link set` does not; some have no word at all.
    const elsewhere = /^(groupFwdMask|proxyarp|proxyarpWifi|flush|mrpRingOpen|mrpInOpen|mcastEhtHostsLimit)$/;
    const unknown = Object.keys(BRIDGE_PORT.attributes)
      .filter((name) => !readOnly.test(name) && !elsewhere.test(name))
      .map((name) => dataWords('bridgePort', { [name]: 1 })[0])
      .filter((word) => !known.has(word ?? ''));
    expect(unknown).toEqual([]);
  });
});

describe('the words of a VXLAN', () => {
  test.each([
    [{ id: 42, port: 4789 }, 'id 42 dstport 4789'],
    [{ link: 'eth0' }, 'dev eth0'],
    [{ link: { ifindex: 3, ifname: 'eth1' } }, 'dev eth1'],
    [{ group: '239.1.1.1', local: '192.0.2.1', ttl: 8 }, 'group 239.1.1.1 local 192.0.2.1 ttl 8'],
    [{ group6: 'ff05::1', local6: '2001:db8::1' }, 'group ff05::1 local 2001:db8::1'],
    [{ group: '192.0.2.9' }, 'remote 192.0.2.9'],
    [{ learning: true }, 'learning'],
    [{ learning: false }, 'nolearning'],
    [{ proxy: true, rsc: false, l2miss: true, l3miss: false }, 'proxy norsc l2miss nol3miss'],
    [{ udpCsum: false }, 'noudpcsum'],
    [{ udpZeroCsum6Tx: true, udpZeroCsum6Rx: true }, 'udp6zerocsumtx udp6zerocsumrx'],
    [{ collectMetadata: true }, 'external'],
    [{ gbp: true, gpe: true }, 'gbp gpe'],
    [{ ageing: 300, limit: 100 }, 'ageing 300 maxaddress 100'],
    [{ portRange: Uint8Array.of(0x12, 0xb5, 0x12, 0xc0) }, 'srcport 4789 4800'],
  ])('%o', (data, expected) => {
    expect(line('vxlan', data)).toBe(expected);
  });
});

describe('the words of a macvlan', () => {
  test.each([
    [{ mode: 4 }, 'mode bridge'],
    [{ mode: 1 }, 'mode private'],
    [{ bcQueueLen: 100 }, 'bcqueuelen 100'],
  ])('%o', (data, expected) => {
    expect(line('macvlan', data)).toBe(expected);
  });
});

test('the words of a veth are those of its peer', () => {
  expect(line('veth', { peer: { ifname: 'v1', mtu: 1400, address: '02:00:00:00:00:01' } })).toBe(
    'peer name v1 address 02:00:00:00:00:01 mtu 1400',
  );
  expect(line('veth', { peer: {} })).toBe('peer');
});

describe('the words that all links share', () => {
  test.each([
    [{ link: 'eth0' }, 'link eth0'],
    [
      { address: '02:00:00:00:00:01', broadcast: 'ff:ff:ff:ff:ff:ff' },
      'address 02:00:00:00:00:01 broadcast ff:ff:ff:ff:ff:ff',
    ],
    [{ mtu: 1400, txqlen: 77, group: 5 }, 'mtu 1400 txqueuelen 77 group 5'],
    [{ numTxQueues: 4, numRxQueues: 2 }, 'numtxqueues 4 numrxqueues 2'],
    [{ arp: false }, 'arp off'],
    [{ master: 'br0' }, 'master br0'],
    [{ master: null }, 'nomaster'],
    [{ addrGenMode: 1 }, 'addrgenmode none'],
    [{ ifalias: 'uplink' }, 'alias uplink'],
    [{}, ''],
  ])('%o', (settings, expected) => {
    expect(settingWords(settings).join(' ')).toBe(expected);
  });
});

test.each([
  ['br0', 'br0'],
  [7, 'if7'],
  [{ ifindex: 7 }, 'if7'],
  [{ ifindex: 7, ifname: 'br0' }, 'br0'],
])('a link that is given as %o is called %s', (ref, expected) => {
  expect(refWord(ref)).toBe(expected);
});

test('the program names the namespace and the family', () => {
  expect(ip(undefined)).toBe('ip');
  expect(ip('red')).toBe('ip -n red');
  expect(ip('red', 6)).toBe('ip -n red -6');
  expect(ip(undefined, 4)).toBe('ip');
});

describe('whole commands', () => {
  test('add a link, with its index and kind', () => {
    expect(linkAddCommand('red', 'bridge', { ifname: 'br0', ifindex: 9, mtu: 1400 }, { priority: 1 })).toBe(
      'ip -n red link add name br0 mtu 1400 index 9 type bridge priority 1',
    );
  });

  test('raise it in a second one', () => {
    expect(linkAddCommand(undefined, 'dummy', { ifname: 'd0', up: true }, undefined)).toBe(
      'ip link add name d0 type dummy && ip link set d0 up',
    );
  });

  test('raise no link without a name: a word would be missing', () => {
    expect(linkAddCommand(undefined, 'dummy', { up: true }, undefined)).not.toContain('link set  up');
  });

  test('leave bytes out', () => {
    expect(linkAddCommand(undefined, 'tomorrow', {}, Uint8Array.of(1))).toBe('ip link add type tomorrow');
  });

  test('change a link', () => {
    expect(linkSetCommand('red', 'br0', { mtu: 1400, up: false, ifname: 'br1' })).toBe(
      'ip -n red link set dev br0 mtu 1400 name br1 down',
    );
  });
});
