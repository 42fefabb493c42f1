/*
 * A ring is full, its writer (the host) asks for room and sleeps, its reader (the guest) makes room: a model of
 * hv_pkt_iter_close and of what the other side does, written apart from irqlab's, for SPIN. The variants are those of
 * `irqlab explore ring-full-wakeup`; tools/spin.js names one by -D, and x86's store buffers by -DTSO.
 *
 *   guest, for each packet read        host, for each packet to send
 *   read_index = …                     read_index: room?  write_index = …
 *   barrier                            else pending_send_sz = what it needs
 *   pending_send_sz ≠ 0?               barrier
 *   write_index: was there too little  read_index: room now?  else sleep until the signal
 *     room before, and enough now?
 *   signal
 *
 * Forbidden: the host sleeps for ever; it is signalled though it did not need that.
 *
 * Indexes count packets. The ring holds four, but a packet that would fill it to the last byte has no room.
 */
#if defined(read_pending_write)
#elif defined(pending_first)
#define PENDING_FIRST
#elif defined(no_barrier)
#define NO_BARRIER
#elif defined(no_read_barrier)
/* Loads pass no loads here: as read_pending_write. */
#elif defined(write_first)
#define WRITE_FIRST
#elif defined(signal_always)
#define SIGNAL_ALWAYS
#elif defined(exactly_full_is_enough)
#define EXACTLY_FULL
#elif defined(host_polls)
#define HOST_POLLS
#else
#error no such variant
#endif

#define SIZE 4

/* The header of the ring, as memory has it. */
byte write_index = 3;
byte read_index;
byte pending_send_sz;

/* Stores of each side that are on their way there. */
mtype = { WRITE_INDEX, READ_INDEX, PENDING_SEND_SZ };
chan guest_stores = [4] of { mtype, byte };
chan host_stores = [4] of { mtype, byte };

#ifdef TSO
#define STORE(stores, word, name, value) stores!name(value)
#define BARRIER(stores) empty(stores)
#else
#define STORE(stores, word, name, value) word = value
#define BARRIER(stores) true
#endif

#ifdef NO_BARRIER
#define GUEST_BARRIER true
#else
#define GUEST_BARRIER BARRIER(guest_stores)
#endif

#ifdef EXACTLY_FULL
#define ENOUGH(free, wanted) ((free) >= (wanted))
#else
#define ENOUGH(free, wanted) ((free) > (wanted))
#endif

#define HAS_ROOM(w, r) (SIZE - ((w) - (r)) > 1)

bool has_asked, asleep;
byte signals, heard, needless, crossed;

inline flush(stores) {
  if
  :: stores?WRITE_INDEX(value) -> write_index = value
  :: stores?READ_INDEX(value) -> read_index = value
  :: stores?PENDING_SEND_SZ(value) -> pending_send_sz = value
  fi
}

active proctype store_buffer_of_guest() {
  byte value;
end:
  do
  :: atomic { nempty(guest_stores); flush(guest_stores) }
  od
}

active proctype store_buffer_of_host() {
  byte value;
end:
  do
  :: atomic { nempty(host_stores); flush(host_stores) }
  od
}

/* A hypercall, which waits until the stores before it are visible. */
inline set_event() {
  atomic {
    BARRIER(guest_stores);
    signals++;
    if
    :: !has_asked -> needless++
    :: else
    fi
  }
}

active proctype guest() {
  byte mine, seen_pending, seen_write;
  do
  :: mine < 2 ->
    mine++;
#ifdef PENDING_FIRST
    seen_pending = pending_send_sz;
#endif
    STORE(guest_stores, read_index, READ_INDEX, mine);
#ifdef SIGNAL_ALWAYS
    set_event();
#else
    GUEST_BARRIER;
#ifdef WRITE_FIRST
    seen_write = write_index;
#endif
#ifndef PENDING_FIRST
    seen_pending = pending_send_sz;
#endif
    if
    :: seen_pending == 0
    :: else ->
#ifndef WRITE_FIRST
      seen_write = write_index;
#endif
      if
      :: !ENOUGH(SIZE - (seen_write - mine) - 1, seen_pending) && ENOUGH(SIZE - (seen_write - mine), seen_pending) ->
        set_event()
      :: else
      fi
    fi
#endif
  :: else -> break
  od
}

active proctype host() {
  byte mine = 3;
  byte seen_read, to_send = 2;
  do
  :: to_send == 0 -> break
  :: else ->
    seen_read = read_index;
    if
    :: HAS_ROOM(mine, seen_read) ->
      mine++;
      to_send--;
      STORE(host_stores, write_index, WRITE_INDEX, mine);
      BARRIER(host_stores)
    :: else ->
#ifdef HOST_POLLS
      /* It looks again and again, and asks for nothing. */
      HAS_ROOM(mine, read_index)
#else
      has_asked = true;
      STORE(host_stores, pending_send_sz, PENDING_SEND_SZ, 1);
      BARRIER(host_stores);
      /* The guest may have seen the request, too: then its signal crosses with this look. */
      atomic {
        seen_read = read_index;
        if
        :: HAS_ROOM(mine, seen_read) -> crossed++
        :: else -> asleep = true
        fi
      };
      do
      :: !asleep -> break
      :: atomic { asleep && signals > heard -> heard = signals };
        atomic {
          seen_read = read_index;
          if
          :: HAS_ROOM(mine, seen_read) -> asleep = false
          :: else ->
            if
            :: crossed > 0 -> crossed--
            :: else -> needless++
            fi
          fi
        }
      od;
      STORE(host_stores, pending_send_sz, PENDING_SEND_SZ, 0)
#endif
    fi
  od
}

active proctype at_the_end() {
  timeout;
  assert(!asleep);
#ifdef HOST_POLLS
  assert(signals == 0);
#endif
#ifndef SIGNAL_ALWAYS
  assert(needless == 0)
#endif
}
