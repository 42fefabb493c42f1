#!/bin/sh
# Makes docs/irqbalance.svg anew: what a terminal shows while irqbalance moves a guest's channels. Needs root, Linux
# with /dev/fuse, and Debian's packages irqbalance, util-linux and python3-rich.
set -eu
cd "$(dirname "$0")/.."

session='
say() { printf "\033[1;32m#\033[0m %s\n" "$1"; eval "$1"; }
mount -t tmpfs none /run && mkdir /run/irqbalance
cd /sys/bus/vmbus/devices
say "lscpu | grep NUMA"
say "cat */channel_vp_mapping | sort -n | paste -sd \" \""
say "chcpu --disable 15"
say "irqbalance --foreground --interval 1 & sleep 12; kill %1"
wait 2>/dev/null
say "cat */channel_vp_mapping | sort -n | paste -sd \" \""
say "grep . /proc/irq/28/*affinity_list"
say "chcpu --disable 15"
say "cat /sys/devices/system/cpu/online"
'
{
  printf '\033[1;32m$\033[0m irqlab shell examples/two-node-16vcpu.yaml\n'
  node dist/cli/cli.js shell examples/two-node-16vcpu.yaml -- bash -c "$session" 2>&1
} | /usr/bin/python3 -c '
import sys
from rich.console import Console
from rich.text import Text

console = Console(record=True, width=110, file=open("/dev/null", "w"), force_terminal=True)
console.print(Text.from_ansi(sys.stdin.read()))
console.save_svg("docs/irqbalance.svg", title="irqbalance on a guest of irqlab")
'
