#!/bin/sh
# Takes a CPU offline on a guest of Hyper-V: moves the channels away that interrupt it, and back when it is online again.
#
#   irqlab shell examples/two-node-16vcpu.yaml -- examples/move-channels.sh 9
#
# It works on a real guest alike.
set -eu
cpu=${1:?usage: $0 CPU}
sysfs=/sys/bus/vmbus/devices
online=/sys/devices/system/cpu/cpu$cpu/online

# "DEVICE RELID" of each channel that interrupts the CPU
channels_of_cpu() {
  for device in "$sysfs"/*; do
    while IFS=: read -r relid target; do
      if [ "$target" = "$cpu" ]; then echo "$device $relid"; fi
    done <"$device/channel_vp_mapping"
  done
}

# The write of the error message is the shell's own.
if echo 0 2>/dev/null >"$online"; then
  echo "CPU $cpu is offline, no channel was in the way"
  echo 1 >"$online"
  exit
fi

moved=$(channels_of_cpu)
echo "$moved" | while read -r device relid; do
  echo "channel $relid of ${device##*/}: CPU $cpu -> 0"
  echo 0 >"$device/channels/$relid/cpu"
done
echo 0 >"$online"
echo "CPUs online: $(cat /sys/devices/system/cpu/online)"
echo 1 >"$online"
echo "$moved" | while read -r device relid; do
  echo "channel $relid of ${device##*/}: back to CPU $cpu"
  echo "$cpu" >"$device/channels/$relid/cpu"
done
echo "CPUs online: $(cat /sys/devices/system/cpu/online)"
