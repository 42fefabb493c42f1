#!/usr/bin/env bash
# A new user's first ten minutes with irqlab, in an empty folder: a jest test of a rule for taking CPUs offline that
# fails, then passes; a driver of one's own in /proc/interrupts; a race of one's own, found; a run traced, and its trace
# opened.
#
#   tools/first-ten-minutes.sh              with the package as it would be published from here
#   tools/first-ten-minutes.sh irqlab.tgz   with one that has been packed
#
# Needs Node, npm and npm's registry.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
package=$(realpath "${1:-/dev/null}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [ $# -eq 0 ]; then
  package=$folder/$(cd "$here" && npm pack --silent --ignore-scripts --pack-destination "$folder")
fi
mkdir "$folder/mine"
cd "$folder/mine"

say() {
  printf '\n# %s\n' "$*"
}

# Shows a command and runs it; what it prints is in the file `output` as well.
run() {
  printf '$ %s\n' "$*"
  "$@" 2>&1 | tee output
}

# Runs a command that must end with this exit status.
must_end_with() {
  local expected=$1 status=0
  shift
  run "$@" || status=$?
  if [ "$status" -ne "$expected" ]; then
    printf 'first ten minutes: %s ended with %d, not %d\n' "$*" "$status" "$expected" >&2
    exit 1
  fi
}

# The last command must have printed this.
must_have_printed() {
  if ! grep -qF -- "$1" output; then
    printf 'first ten minutes: the last command has not printed: %s\n' "$1" >&2
    exit 1
  fi
}

say 'A project.'
run npm init --yes >/dev/null
run npm pkg set type=module
run npm install --no-audit --no-fund --prefer-offline --save-dev jest "$package"

say 'A test that a rule for taking CPUs offline is right: it empties the CPU first.'
cat >offline.js <<'JS'
// The rule for taking a CPU of a guest with these channels offline.
export function takeOffline(vm, cpu, relids) {
  vm.cpu(cpu).offline();
}
JS
cat >offline.test.js <<'JS'
import { Guest } from 'irqlab';
import 'irqlab/jest';
import { takeOffline } from './offline.js';

test('a CPU with channels can be taken offline, and no event is lost', () => {
  const vm = Guest.create({
    cpus: 4,
    devices: [{ driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] }],
  });
  const relids = [13, 16, 17, 18];
  takeOffline(vm, 3, relids);
  for (const relid of relids) vm.host.signal(relid);
  vm.run({ ms: 1 });
  expect(vm.fs.readFile('/sys/devices/system/cpu/online')).toBe('0-2\n');
  expect(vm).toHaveChannelOn(18, 0);
  expect(vm).toHaveLostNoEvents();
});
JS
export NODE_OPTIONS='--experimental-vm-modules --no-warnings'
must_end_with 1 npx jest
must_have_printed 'EBUSY: CPU 3 is the target of channel 18'

say 'The rule was too short. Now it moves the channels of the CPU away.'
cat >offline.js <<'JS'
// The rule for taking a CPU of a guest with these channels offline.
export function takeOffline(vm, cpu, relids) {
  const channels = relids.map((relid) => vm.channel(relid));
  for (const channel of channels) if (channel.cpu === cpu) channel.setCpu(0);
  vm.cpu(cpu).offline();
}
JS
must_end_with 0 npx jest
must_have_printed '1 passed'
unset NODE_OPTIONS

say 'A driver of my own, for a device that Linux does not know.'
cat >driver.js <<'JS'
import { ContainerModule } from 'inversify';
import { ChannelOperations, parseGuid, VMBUS_DRIVER } from 'irqlab';

class ThermometerDriver {
  name = 'hv_thermometer';
  classIds = [parseGuid('6a3f1c52-0b7e-4c7a-9d53-2f4e8b1a7c01')];

  constructor(operations) {
    this.operations = operations;
  }

  *probe({ channel }) {
    channel.irqName = 'thermometer';
    yield* this.operations.open(channel, { callback: () => {} });
  }

  *remove({ channel }) {
    yield* this.operations.close(channel);
  }
}

export default new ContainerModule(({ bind }) => {
  bind(VMBUS_DRIVER)
    .toResolvedValue((operations) => new ThermometerDriver(operations), [ChannelOperations])
    .inSingletonScope();
});
JS
cat >thermometer.yaml <<'YAML'
cpus: 2
devices:
  - {class: 6a3f1c52-0b7e-4c7a-9d53-2f4e8b1a7c01, relid: 40}
timeline:
  - {signal: 40, times: 3}
  - {read: /proc/interrupts, contains: thermometer}
print: [interrupts]
YAML
must_end_with 0 npx irqlab run thermometer.yaml --plugin ./driver.js
must_have_printed 'thermometer'

say 'A race of my own: the explorer finds it.'
must_end_with 0 npx irqlab init race race.js
must_end_with 0 npx irqlab explore race.js
must_have_printed 'found'

say 'A run, traced. The trace is text, and data for programs.'
must_end_with 0 npx irqlab run thermometer.yaml --plugin ./driver.js --trace run.txt
must_end_with 0 npx irqlab run thermometer.yaml --plugin ./driver.js --trace run.jsonl
must_end_with 0 grep -m 3 irq_handler_entry run.txt
must_have_printed 'name=thermometer'
cat >signals.js <<'JS'
import { readFileSync } from 'node:fs';

const records = readFileSync('run.jsonl', 'utf8').trim().split('\n').map((line) => JSON.parse(line));
console.log(records.filter(({ event }) => event === 'lab:host_signal').length, 'signals');
JS
must_end_with 0 node signals.js
must_have_printed '3 signals'

say 'Done.'
