/**
 * `/init` of the guest, for busybox: its shell runs every applet without a file of that name, once /proc is
 * there. It makes one interface usable and then obeys commands on the serial console; protocol.ts has the words on the wire.
 * Everything that the kernel prints stays off the console, so that a line is never cut in two.
 */
export function initScript(modules: readonly string[]): string {
  return `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
echo 1 >/proc/sys/kernel/printk
stty -echo
say() { echo "netloom: $*"; }
finish() { say poweroff; poweroff -f; }
say booting
for module in ${modules.join(' ')}; do
  insmod /modules/$module.ko || say "error module $module"
done

name=guest mac= ip4= ip6= peer4= peer6= host4= host6= count=5
for word in $(cat /proc/cmdline); do
  case $word in netloom.*=*)
    key=\${word#netloom.} value=\${word#*=} key=\${key%%=*}
    case $key in name|mac|ip4|ip6|peer4|peer6|host4|host6|count) eval "$key=\\$value" ;; esac ;;
  esac
done
hostname "$name"

# The power button of ACPI (QEMU's system_powerdown): one event of 24 bytes is one press.
for input in /sys/class/input/event*; do
  case $(cat "$input/device/name") in
    'Power Button') (dd if=/dev/input/\${input##*/} bs=24 count=1 of=/dev/null 2>/dev/null && finish) & ;;
  esac
done

# Without a MAC: the first interface that is not the loopback. With one: a hot-plugged vNIC gets 10 s to come.
find_interface() {
  for link in /sys/class/net/*; do
    [ "\${link##*/}" = lo ] && continue
    [ -z "$mac" ] || [ "$(cat "$link/address")" = "$mac" ] || continue
    ifname=\${link##*/}
    return 0
  done
  return 1
}
ifname=none tries=100
while ! find_interface && [ -n "$mac" ] && [ $tries -gt 0 ]; do usleep 100000; tries=$((tries - 1)); done

ip link set lo up
if [ "$ifname" = none ]; then
  [ -z "$mac" ] || say "error no interface has the address $mac"
else
  # An address that must first prove to be unique is of no use for the first second.
  echo 0 >/proc/sys/net/ipv6/conf/$ifname/accept_dad
  echo 0 >/proc/sys/net/ipv6/conf/$ifname/accept_ra
  ip link set "$ifname" up
  [ -z "$ip4" ] || ip -4 addr add "$ip4" dev "$ifname"
  [ -z "$ip6" ] || ip -6 addr add "$ip6" dev "$ifname"
  mac=$(cat /sys/class/net/$ifname/address)
fi

do_address() {
  ip4=$(ip -4 -o addr show dev "$ifname" 2>/dev/null | awk '{ print $4; exit }')
  ip6=$(ip -6 -o addr show dev "$ifname" scope global 2>/dev/null | awk '{ print $4; exit }')
  say "address ifname=$ifname mac=\${mac:--} ip4=\${ip4:--} ip6=\${ip6:--}"
}

# ping TARGET [COUNT [SECONDS BETWEEN TWO]]
do_ping() {
  case $1 in
    peer4|peer6|host4|host6) eval "address=\\$$1" ;;
    *[!0-9a-fA-F.:%a-z]*) address= ;;
    *) address=$1 ;;
  esac
  [ -n "$address" ] || { say "error ping: no address for \${1:-nothing}"; return; }
  ping -c "\${2:-$count}" -i "\${3:-1}" -W 2 "$address" 2>&1 | tee /ping
  awk -v target="$1" -v address="$address" '
    /packets transmitted/ { sent = $1; received = $4 }
    /^round-trip/ { split($4, time, "/"); times = " min=" time[1] " avg=" time[2] " max=" time[3] " ms" }
    END { printf "netloom: ping target=%s address=%s sent=%d received=%d%s\\n", target, address, sent, received, times }
  ' /ping
}

say "ready name=$name ifname=$ifname mac=\${mac:--}"
while true; do
  read -r command words || { sleep 1; continue; }
  case $command in
    '') ;;
    ping) do_ping $words ;;
    address) do_address ;;
    echo) say "echo $words" ;;
    poweroff) finish ;;
    *) say "error unknown command $command" ;;
  esac
done
`;
}
