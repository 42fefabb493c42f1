/*
 * The ways from relid to channel while the channel moves from CPU 1 to CPU 0: a model of the kernel's code, written
 * apart from irqlab's, for SPIN. The variants are those of `irqlab explore relid-map`; tools/spin.js names one by -D.
 *
 *   writer of target_cpu, on CPU 0      host                               vmbus_isr on CPU 0 and CPU 1
 *   MODIFYCHANNEL                       event for CPU 1, as long as it     flag cleared, relid looked up
 *   target_cpu = 0                      has not got the message            callback
 *   per-CPU lists: off one, on another  event for CPU 0 from then on
 *
 * Forbidden: an event that the host has signalled reaches no callback.
 */
#if defined(percpu_list)
#define PERCPU_LIST
#define ON_OLD
#elif defined(percpu_list_early)
#define PERCPU_LIST
#define ON_NEW
#elif defined(array)
#define ON_OLD
#define ON_NEW
#elif defined(irqdomain)
#define IRQDOMAIN
#define ON_OLD
#elif defined(irqdomain_early)
#define IRQDOMAIN
#define ON_NEW
#elif defined(irqdomain_both_cpus)
#define IRQDOMAIN
#define ON_OLD
#define ON_NEW
#elif defined(irqdomain_redirect)
#define IRQDOMAIN
#define REDIRECT
#define ON_OLD
#elif defined(irqdomain_redirect_both_cpus)
#define IRQDOMAIN
#define REDIRECT
#define ON_OLD
#define ON_NEW
#else
#error no such variant
#endif

#if defined(ON_OLD) && defined(ON_NEW)
#define EVENTS 2
#else
#define EVENTS 1
#endif

#define ACQUIRE(lock) atomic { !lock -> lock = true }

bool flag[2];             /* event flags of each CPU's synic page */
bool raised[2];           /* its interrupt is pending */
bool in_isr[2];
bool irqs_off;            /* by the task of CPU 0 */
bool posted;              /* MODIFYCHANNEL is with the host */
bool listed_on_0, listed_on_1 = true; /* per-CPU lists: where the channel is */
bool desc_lock, in_progress;
bool set_affinity_lock, sched_lock;
byte target_cpu = 1;
byte effective = 1;       /* where the line's handler is to run */
bool work;                /* irq_work of the line waits */
byte work_cpu;
byte called;

inline signal(cpu) {
  atomic { flag[cpu] = true; raised[cpu] = true }
}

inline callback() {
  ACQUIRE(sched_lock);
  called++;
  sched_lock = false
}

/* chip.c handle_simple_irq: who finds the line in progress elsewhere does nothing. */
inline simple_irq() {
  ACQUIRE(desc_lock);
  if
  :: in_progress -> desc_lock = false
  :: else ->
    in_progress = true;
    desc_lock = false;
    callback();
    ACQUIRE(desc_lock);
    in_progress = false;
    desc_lock = false
  fi
}

/* chip.c demux_redirect_remote: handled elsewhere, unless this CPU is one of the line's. */
inline demux_irq() {
  ACQUIRE(desc_lock);
  if
  :: effective == _pid -> desc_lock = false; simple_irq()
  :: else ->
    atomic {
      if
      :: !work -> work = true; work_cpu = effective
      :: else
      fi
    };
    desc_lock = false
  fi
}

active [2] proctype vmbus_isr() {
end:
  do
  :: atomic { raised[_pid] && !(_pid == 0 && irqs_off) -> raised[_pid] = false; in_isr[_pid] = true };
    if
    :: atomic { flag[_pid] -> flag[_pid] = false };
#if defined(PERCPU_LIST)
      if
      :: (_pid == 0 && listed_on_0) || (_pid == 1 && listed_on_1) -> callback()
      :: else
      fi
#elif defined(REDIRECT)
      demux_irq()
#elif defined(IRQDOMAIN)
      simple_irq()
#else
      callback()
#endif
    :: else
    fi;
    in_isr[_pid] = false
#ifdef REDIRECT
  :: atomic { work && work_cpu == _pid && !(_pid == 0 && irqs_off) -> work = false; in_isr[_pid] = true };
    simple_irq();
    in_isr[_pid] = false
#endif
  od
}

/* Gives way to the interrupts of its CPU at any step. */
active proctype writer() provided (!in_isr[0]) {
#ifdef IRQDOMAIN
  /* irq_set_affinity calls the chip with the descriptor locked, interrupts off */
  irqs_off = true;
  ACQUIRE(desc_lock);
#endif
  ACQUIRE(set_affinity_lock);
  posted = true;
  target_cpu = 0;
  set_affinity_lock = false;
#ifdef PERCPU_LIST
  listed_on_1 = false;
  listed_on_0 = true;
#endif
#ifdef REDIRECT
  effective = 0;
#endif
#ifdef IRQDOMAIN
  desc_lock = false;
  irqs_off = false
#endif
}

active proctype host() {
#ifdef ON_OLD
  signal(1);
#endif
#ifdef ON_NEW
  posted;
  signal(0)
#endif
}

active proctype at_the_end() {
  timeout;
  assert(called == EVENTS)
}
