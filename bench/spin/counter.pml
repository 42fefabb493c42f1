/* N contexts that each add one to a word K times, without a lock: bench/spin.js. */
byte count;

active [N] proctype add() {
  byte i = 0;
  byte value = 0;
  do
  :: i < K -> value = count; count = value + 1; i++
  :: else -> break
  od
}
