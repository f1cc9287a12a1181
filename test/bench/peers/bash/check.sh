#!/bin/bash
# Names everything on this machine that is not as the workers should be, a line each, and then exits with 3.
set -euo pipefail

kept=/root/bench/peers/files
found=0
differs() {
  printf '%s: %s\n' "$1" "$2"
  found=1
}

# Files: contents, mode, owner.
files=(
  /etc/containerd/config.toml
  /etc/modules-load.d/hostler.conf
  /etc/motd
  /etc/sysctl.d/90-hostler.conf
  /etc/systemd/journald.conf.d/50-size.conf
  /etc/systemd/system/systemd-tmpfiles-clean.timer.d/50-twice-a-day.conf
)
for file in "${files[@]}"; do
  cmp -s "$kept$file" "$file" || differs "$file" "contents"
done
while read -r attributes file; do
  [[ $attributes == 644:root:root ]] || differs "$file" "is $attributes"
done < <(stat --format='%a:%U:%G %n' "${files[@]}" 2>/dev/null || true)

# Kernel: modules and parameters.
for module in overlay br_netfilter; do
  [[ -d /sys/module/$module ]] || grep -q "/$module\.ko" "/lib/modules/$(uname -r)/modules.builtin" || differs "$module" "not loaded"
done
while read -r key _ value; do
  case $key=$value in
    net.bridge.bridge-nf-call-iptables=1 | net.ipv4.ip_forward=1 | net.ipv4.ip_local_reserved_ports=30000-32767) ;;
    *) differs "$key" "is $value" ;;
  esac
done < <(sysctl net.bridge.bridge-nf-call-iptables net.ipv4.ip_forward net.ipv4.ip_local_reserved_ports)

# Packages: installed in this version, and held.
declare -A want=([conntrack]='@CONNTRACK@' [containerd]='@CONTAINERD@' [ethtool]='@ETHTOOL@' [socat]='@SOCAT@')
declare -A have=()
while read -r name version hold _ state; do
  have[$name]="$version $hold $state"
done < <(dpkg-query --show --showformat='${Package} ${Version} ${Status}\n' "${!want[@]}" 2>/dev/null || true)
for name in "${!want[@]}"; do
  [[ ${have[$name]-} == "${want[$name]} hold installed" ]] || differs "$name" "is ${have[$name]-not there}"
done

# Swap: none now, none at the next boot.
[[ $(wc -l </proc/swaps) -le 1 ]] || differs swap "is on"
! grep -qE '^[^#]+[[:space:]]swap[[:space:]]' /etc/fstab || differs /etc/fstab "has swap"

# Units: whether they start at boot, and whether they run.
units=(apt-daily.timer apt-daily-upgrade.timer systemd-tmpfiles-clean.timer containerd.service swap.target)
declare -A is=()
while IFS='=' read -r property value; do
  case $property in
    Id) unit=$value ;;
    ActiveState | UnitFileState) is[$unit]+="$value " ;;
  esac
done < <(systemctl show --property=Id,ActiveState,UnitFileState "${units[@]}")
unit() {
  # shellcheck disable=SC2053 # a pattern
  [[ ${is[$1]} == $2 ]] || differs "$1" "is ${is[$1]}"
}
unit apt-daily.timer "inactive disabled "
unit apt-daily-upgrade.timer "inactive disabled "
unit systemd-tmpfiles-clean.timer "active static "
unit containerd.service "active enabled "
unit swap.target "* masked "

[[ $found == 0 ]] || exit 3
