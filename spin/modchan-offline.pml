/*
 * A channel moves from CPU 1 to CPU 0, then CPU 1 goes offline, before the host has followed: a model of the kernel's
 * code, written apart from irqlab's, for SPIN. The variants are those of `irqlab explore modchan-offline`; tools/spin.js
 * names one by -D. Time is virtual: it moves on when nothing else can, to whoever wakes up first.
 *
 *   writer of target_cpu, CPU 0   host                               hv_synic_cleanup, CPU 1
 *   MODIFYCHANNEL                 takes HOST_MS to follow            after the move: CPU 1 gets no channels any more
 *   target_cpu = 0                event for CPU 1, the last          waits for the host, or not
 *   waits for the host, or not    MODIFYCHANNEL_RESPONSE (5.3)       events pending?  synic off
 *
 * Forbidden: the event finds the synic off.
 */
#if defined(no_wait)
#define HOST_MS 1
#define ANSWERS
#elif defined(wait_response)
#define HOST_MS 3
#define ANSWERS
#define OFFLINE_WAITS
#elif defined(wait_in_setter)
#define HOST_MS 3
#define ANSWERS
#define SETTER_WAITS
#elif defined(fixed_sleep)
#define HOST_MS 21
#define OFFLINE_SLEEPS
#elif defined(fixed_sleep_fast_host)
#define HOST_MS 19
#define OFFLINE_SLEEPS
#else
#error no such variant
#endif

#define ACQUIRE(lock) atomic { !lock -> lock = true }

/* Who sleeps. */
#define HOST 0
#define OFFLINE 1

bool asleep[2];
byte wakes_at[2];
byte now;

bool set_affinity_lock;
bool synic_online = true; /* CPU 1 may be given channels */
bool synic_on = true;     /* CPU 1 */
bool flag, raised, in_isr; /* CPU 1 */
byte target_cpu = 1;
byte sent, completed;
bool moved;
byte called, lost;

inline sleep(who, ms) {
  atomic { wakes_at[who] = now + ms; asleep[who] = true };
  atomic { now >= wakes_at[who] -> asleep[who] = false }
}

active proctype vmbus_isr() {
end:
  do
  :: atomic { raised -> raised = false; in_isr = true };
    if
    :: atomic { flag -> flag = false };
      called++
    :: else
    fi;
    in_isr = false
  od
}

active proctype writer() {
  ACQUIRE(set_affinity_lock);
  sent++;
  target_cpu = 0;
  set_affinity_lock = false;
#ifdef SETTER_WAITS
  completed == sent;
#endif
  moved = true
}

active proctype host() {
  sent > 0;
  sleep(HOST, HOST_MS);
  if
  :: atomic { synic_on -> flag = true; raised = true }
  :: atomic { else -> lost++ }
  fi;
#ifdef ANSWERS
  completed++
#endif
}

active proctype synic_cleanup() provided (!in_isr) {
  byte tries, wanted;
  moved;
  ACQUIRE(set_affinity_lock);
  synic_online = false;
  if
  :: target_cpu == 1 -> synic_online = true; set_affinity_lock = false; goto refused
  :: else -> set_affinity_lock = false
  fi;
#ifdef OFFLINE_WAITS
  wanted = sent;
  do
  :: completed >= wanted || tries == 5 -> break
  :: else -> sleep(OFFLINE, 5); tries++
  od;
#endif
#ifdef OFFLINE_SLEEPS
  sleep(OFFLINE, 20);
#endif
  tries = 0;
  do
  :: !flag -> break
  :: flag && tries < 3 -> sleep(OFFLINE, 10); tries++
  :: flag && tries == 3 -> synic_online = true; goto refused
  od;
  synic_on = false;
refused:
  skip
}

/* Moves time on; in the end the host has followed. */
active proctype at_the_end() {
  do
  :: timeout ->
    if
    :: asleep[HOST] && (!asleep[OFFLINE] || wakes_at[HOST] <= wakes_at[OFFLINE]) -> now = wakes_at[HOST]
    :: asleep[OFFLINE] && (!asleep[HOST] || wakes_at[OFFLINE] <= wakes_at[HOST]) -> now = wakes_at[OFFLINE]
    :: else -> break
    fi
  od;
  assert(lost == 0 && called == 1)
}
