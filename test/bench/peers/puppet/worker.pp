# The state of the workers.
$files = [
  '/etc/containerd/config.toml',
  '/etc/modules-load.d/hostler.conf',
  '/etc/motd',
  '/etc/sysctl.d/90-hostler.conf',
  '/etc/systemd/journald.conf.d/50-size.conf',
  '/etc/systemd/system/systemd-tmpfiles-clean.timer.d/50-twice-a-day.conf',
]
$files.each |$path| {
  file { $path:
    source => "file:///root/bench/peers/files${path}",
    owner  => 'root',
    group  => 'root',
    mode   => '0644',
  }
}

Exec { path => ['/usr/sbin', '/usr/bin', '/sbin', '/bin'] }

['overlay', 'br_netfilter'].each |$module| {
  exec { "modprobe ${module}":
    unless => "test -d /sys/module/${module} || grep -q '/${module}\\.ko' /lib/modules/$(uname -r)/modules.builtin",
    provider => shell,
  }
}

$parameters = {
  'net.bridge.bridge-nf-call-iptables' => '1',
  'net.ipv4.ip_forward'                => '1',
  'net.ipv4.ip_local_reserved_ports'   => '30000-32767',
}
$parameters.each |$key, $value| {
  exec { "sysctl ${key}":
    command  => "sysctl -q -w ${key}=${value}",
    unless   => "test \"$(sysctl -n ${key})\" = '${value}'",
    provider => shell,
  }
}

$packages = {
  'conntrack'  => '@CONNTRACK@',
  'containerd' => '@CONTAINERD@',
  'ethtool'    => '@ETHTOOL@',
  'socat'      => '@SOCAT@',
}
$packages.each |$name, $version| {
  package { $name:
    ensure => $version,
    mark   => 'hold',
  }
}

exec { 'swapoff --all':
  onlyif   => 'test "$(wc -l </proc/swaps)" -gt 1',
  provider => shell,
}
exec { 'swap in /etc/fstab':
  command => "sed -i -E 's/^[^#]+[[:space:]]swap[[:space:]]/# &/' /etc/fstab",
  onlyif  => "grep -qE '^[^#]+[[:space:]]swap[[:space:]]' /etc/fstab",
}

service {
  default:
    provider => systemd;
  ['apt-daily.timer', 'apt-daily-upgrade.timer']:
    ensure => stopped,
    enable => false;
  'systemd-tmpfiles-clean.timer':
    ensure => running;
  'containerd.service':
    ensure => running,
    enable => true;
  'swap.target':
    enable => mask;
}
