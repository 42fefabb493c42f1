/* The host writes N packets into a ring, the guest sleeps until it is signalled and reads them all: bench/spin.js. Each
   access to a word of the header is a step, as in RingWriter.writeSteps, RingReader.nextSteps and their like; indexes count
   packets. */
byte write_index;
byte read_index;
bool interrupt_mask;
byte signals;
byte taken;

active proctype host() {
  byte i = 0;
  byte seen = 0;
  do
  :: i < N ->
    seen = read_index;
    write_index = i + 1;
    if
    :: interrupt_mask -> skip
    :: else ->
      seen = read_index;
      if
      :: seen == i -> signals++
      :: else -> skip
      fi
    fi;
    i++
  :: else -> break
  od
}

active proctype guest() {
  byte seen = 0;
  do
  :: taken < N ->
end: atomic { signals > 0 -> signals-- };
    interrupt_mask = 1;
again:
    do
    :: seen = write_index;
      if
      :: seen > taken -> taken++
      :: else -> break
      fi
    od;
    read_index = taken;
    interrupt_mask = 0;
    seen = write_index;
    if
    :: seen > taken -> goto again
    :: else -> skip
    fi
  :: else -> break
  od;
  assert(taken == N)
}
