#!/bin/sh
# Records what Linux tells of this machine's interrupts, for irqlab import, diff, explain and plan. It only reads: the one
# thing it writes is its output. Any POSIX shell runs it, busybox's too. Root sees more of the kernel log, nothing else.
#
#   sh record.sh [-o FILE.tar.gz | DIRECTORY] [--seconds 60] [--every 1] [--names]
#
# Host names, MAC and IP addresses, serial numbers and parameters of the kernel that do not concern CPUs and interrupts are
# left out, unless --names is given.
set -u
LC_ALL=C
export LC_ALL

out=irqlab-record.tar.gz
seconds=60
every=1
names=no

fail() {
  printf 'record: %s\n' "$1" >&2
  exit 2
}

number() {
  case $2 in
    '' | *[!0-9]* | ??????*) fail "$1: expected a number from $3 to 99999, not \"$2\"" ;;
  esac
  [ "$2" -ge "$3" ] || fail "$1: expected a number from $3 to 99999, not \"$2\""
}

while [ $# -gt 0 ]; do
  case $1 in
    -o | --output | --seconds | --every)
      [ $# -ge 2 ] || fail "$1: expected a value"
      case $1 in
        --seconds) seconds=$2 ;;
        --every) every=$2 ;;
        *) out=$2 ;;
      esac
      shift
      ;;
    --names) names=yes ;;
    -h | --help)
      sed -n '2,/^set/s/^# \{0,1\}//p' "$0" 2>/dev/null
      exit 0
      ;;
    *) fail "unknown argument \"$1\"; see --help" ;;
  esac
  shift
done
number --seconds "$seconds" 0
number --every "$every" 1
[ -n "$out" ] || fail '-o: expected a name'
[ -r /proc/interrupts ] || fail 'there is no /proc/interrupts to read here'
case $out in
  *.tar.gz | *.tgz) archive=yes ;;
  *) archive=no ;;
esac
if [ -f "$out" ] || [ -d "$out" ]; then fail "$out is there already; name something else with -o"; fi
if [ ! -e "$out" ]; then
  there=$(dirname -- "$out")
  if [ ! -d "$there" ]; then
    [ ! -e "$there" ] || fail "cannot write $out: what should be a directory on its path is a file"
    fail "cannot write $out: there is no such directory"
  fi
  [ -w "$there" ] || fail "cannot write $out: you have no permission to write there"
fi

umask 077
work=${TMPDIR:-/tmp}/irqlab-record.$$
mkdir "$work" || fail "cannot make $work"
to=$work/irqlab-record
clean() {
  chmod -R u+rwX "$work" 2>/dev/null
  rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkdir "$to"

# The name of a VMBus device can be made of a MAC address, as on Azure: such a name loses it and gets a number.
: >"$work/names.sed"
if [ "$names" = no ]; then
  count=0
  for device in /sys/bus/vmbus/devices/*; do
    guid=${device##*/}
    plain=$(printf '%s' "$guid" | tr -d -)
    mac=$(printf '%.12s' "$plain")
    [ "$plain" = "$mac$mac$(printf '%.8s' "$mac")" ] || continue
    count=$((count + 1))
    hidden=$(printf '000000000000%s' "$count" | sed 's/.*\(............\)$/\1/')
    new=$(printf '%s%s%.8s' "$hidden" "$hidden" "$hidden" |
      sed 's/^\(........\)\(....\)\(....\)\(....\)\(............\)$/\1-\2-\3-\4-\5/')
    printf 's/%s/%s/g\n' "$guid" "$new" >>"$work/names.sed"
  done
fi

# What no line of a recording may have.
cp "$work/names.sed" "$work/scrub.sed"
if [ "$names" = no ]; then
  host=$(cat /proc/sys/kernel/hostname 2>/dev/null || uname -n)
  host=$(printf '%s' "${host%%.*}" | sed 's/[^A-Za-z0-9_-]/./g')
  [ ${#host} -lt 3 ] || [ "$host" = localhost ] || printf 's/%s/HOST/g\n' "$host" >>"$work/words.sed"
  cat >>"$work/scrub.sed" <<'END'
s/[0-9A-Fa-f][0-9A-Fa-f]\(:[0-9A-Fa-f][0-9A-Fa-f]\)\{5,\}/MAC/g
s/[0-9]\{1,3\}\.[0-9]\{1,3\}\.[0-9]\{1,3\}\.[0-9]\{1,3\}\([^0-9.]\)/IP\1/g
s/[0-9]\{1,3\}\.[0-9]\{1,3\}\.[0-9]\{1,3\}\.[0-9]\{1,3\}$/IP/
s/[0-9A-Fa-f]\{1,4\}\(:[0-9A-Fa-f]\{1,4\}\)\{7\}/IP/g
s/[0-9A-Fa-f:]\{1,\}::[0-9A-Fa-f:]*/IP/g
/[Ss]erial/d
END
fi
hide() {
  if [ -s "$work/words.sed" ]; then sed -f "$work/scrub.sed" | sed -f "$work/words.sed"; else sed -f "$work/scrub.sed"; fi
}

# The place in the recording of a directory of this machine. The path that it really has is asked of the shell.
place() {
  real=$(cd -P "$1" 2>/dev/null && pwd) || return 1
  there=$to$(printf '%s\n' "$real" | sed -f "$work/names.sed")
  mkdir -p "$there"
}

# A symbolic link, with the names hidden.
link() {
  [ -L "$1" ] || return 0
  target=$(readlink "$1") || return 0
  ln -s "$(printf '%s\n' "$target" | sed -f "$work/names.sed")" "$2" 2>/dev/null
}

# Files of the directory that place has found: those that can be read.
files() {
  for file in "$@"; do
    [ -f "$real/$file" ] && [ -r "$real/$file" ] && set -- "$@" "$real/$file"
    shift
  done
  [ $# -eq 0 ] || cp "$@" "$there/" 2>/dev/null
}

# Once: what does not change while it is recorded.
mkdir -p "$to/proc/sys/kernel" "$to/proc/irq" "$to/sys/bus" "$to/commands"
cat /proc/sys/kernel/osrelease >"$to/proc/sys/kernel/osrelease" 2>/dev/null || uname -r >"$to/proc/sys/kernel/osrelease"
uname -m >"$to/commands/uname-m"
if [ "$names" = yes ]; then
  cat /proc/cmdline >"$to/proc/cmdline"
else
  for word in $(cat /proc/cmdline); do
    case $word in
      isolcpus=* | nohz_full=* | irqaffinity=* | maxcpus=* | nr_cpus=* | possible_cpus=* | threadirqs | noirqdebug | \
        irqfixup | irqpoll | cpu0_hotplug | rcu_nocbs=* | nosmt* | noapic | nolapic | pci=nomsi | intremap=* | \
        iommu=* | intel_iommu=* | amd_iommu=* | hv_*.* | pci_hyperv.* | hid_hyperv.* | hyperv_*.*)
        printf '%s ' "$word"
        ;;
    esac
  done >"$to/proc/cmdline"
  echo >>"$to/proc/cmdline"
fi
hide </proc/cpuinfo >"$to/proc/cpuinfo"
cat /proc/softirqs >"$to/proc/softirqs" 2>/dev/null
cat /proc/stat >"$to/proc/stat" 2>/dev/null
cp -R /proc/irq "$to/proc/" 2>/dev/null
chmod -R u+rwX "$to/proc"

if place /sys/devices/system/cpu; then
  files online offline present possible isolated nohz_full kernel_max
  for cpu in /sys/devices/system/cpu/cpu[0-9]*; do
    place "$cpu" || continue
    files online
    place "$cpu/topology" || continue
    cp "$real"/* "$there/" 2>/dev/null
  done
fi
if place /sys/devices/system/cpu/smt; then files active control; fi
if place /sys/devices/system/node; then
  files online possible has_cpu
  for node in /sys/devices/system/node/node[0-9]*; do
    place "$node" && files cpulist cpumap distance
  done
fi

for device in /sys/bus/vmbus/devices/*; do
  place "$device" || continue
  cp "$real"/* "$there/" 2>/dev/null
  mkdir -p "$to/sys/bus/vmbus/devices"
  link "$device" "$to/sys/bus/vmbus/devices/$(printf '%s\n' "${device##*/}" | sed -f "$work/names.sed")"
  link "$device/driver" "$there/driver"
  for net in "$real"/net/*; do
    [ -d "$net" ] && mkdir -p "$there/net/${net##*/}"
  done
  for host in "$real"/host[0-9]*; do
    [ -d "$host" ] && mkdir -p "$there/${host##*/}"
  done
  [ -d "$real/channels" ] && cp -R "$real/channels" "$there/" 2>/dev/null
done
for device in /sys/bus/pci/devices/*; do
  place "$device" || continue
  files class device vendor subsystem_device subsystem_vendor revision irq numa_node local_cpulist enable msi_bus modalias
  [ -d "$real/msi_irqs" ] && cp -R "$real/msi_irqs" "$there/" 2>/dev/null
  mkdir -p "$to/sys/bus/pci/devices"
  link "$device" "$to/sys/bus/pci/devices/${device##*/}"
  link "$device/driver" "$there/driver"
  for net in "$real"/net/*; do
    [ -d "$net" ] && mkdir -p "$there/net/${net##*/}"
  done
done
chmod -R u+rwX "$to"

# What programs say, where they are.
if command -v lsvmbus >/dev/null; then lsvmbus -vv 2>/dev/null | hide >"$to/commands/lsvmbus"; fi
if command -v ethtool >/dev/null; then
  for net in /sys/class/net/*; do
    [ -e "$net/device" ] || continue
    for flag in -l -S -x; do
      ethtool "$flag" "${net##*/}" 2>/dev/null | sed '/hash key/,/^[^0-9a-f]/d' | hide >"$to/commands/ethtool$flag-${net##*/}"
    done
  done
fi
dmesg 2>/dev/null | grep -e Hyper-V -e vmbus -e hv_ -e smpboot: -e 'smp: ' -e 'genirq: ' -e 'irq [0-9]*: ' | hide >"$to/commands/dmesg"

# Files of devices: names of devices that were made of addresses.
if [ -s "$work/names.sed" ]; then
  find "$to/sys" -type f \( -name device_id -o -name uevent \) | while read -r file; do
    sed -f "$work/names.sed" "$file" >"$work/file" && cat "$work/file" >"$file"
  done
fi

# Again and again: what counts.
snapshot() {
  at=$to/snapshots/$1
  mkdir -p "$at/proc"
  cat /proc/uptime >"$at/proc/uptime" 2>/dev/null
  cat /proc/interrupts >"$at/proc/interrupts"
  grep -s . /dev/null /sys/bus/vmbus/devices/*/channels/*/interrupts | sed -f "$work/names.sed" >"$at/vmbus-channels"
}
mkdir "$to/snapshots"
rounds=$((seconds / every))
round=0
while :; do
  snapshot "$round"
  [ "$round" -lt "$rounds" ] || break
  [ ! -t 2 ] || printf '\rrecord: %d of %d s' "$((round * every))" "$seconds" >&2
  sleep "$every"
  round=$((round + 1))
done
[ ! -t 2 ] || printf '\r\033[K' >&2
cp "$to/snapshots/$round/proc/interrupts" "$to/proc/interrupts"
printf 'format: irqlab-record 1\nseconds: %s\nevery: %s\nsnapshots: %s\nnames: %s\n' \
  "$seconds" "$every" "$((round + 1))" "$names" >"$to/manifest"

if [ "$archive" = yes ]; then
  (cd "$work" && tar -cf - irqlab-record) | gzip >"$work/done" || fail 'tar or gzip has failed'
  cat "$work/done" 2>/dev/null >"$out" || fail "cannot write $out"
else
  cp -R "$to" "$out" 2>/dev/null || fail "cannot write $out"
fi
printf 'record: wrote %s; "irqlab import %s" makes a guest of it\n' "$out" "$out" >&2
