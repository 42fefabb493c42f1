// The interrupt path of VMBus channels as Linux runs it: the limit that bench/hot-path.js is measured against. Event
// page -> relid -> irqdomain -> descriptor -> flow handler -> action -> channel callback, with all counters, the
// descriptor's and the channel's spin locks and the atomic test-and-clear of event flags. With --no-locks plain memory
// accesses take the place of the atomic ones. Written for this bench from the description of the algorithm.
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RELIDS 2048
#define CPUS 8
#define WORDS (RELIDS / 64)

struct desc;
struct channel;

// The structures have the kernel's sizes and order of fields, as far as the path touches them (x86-64, 6.10): what a
// cache line holds is part of what the path costs.
struct action {
	int (*handler)(int irq, void *dev);
	void *dev;
	void *percpu_dev;
	struct action *next;
	char rest[96];
} __attribute__((aligned(64)));

struct desc {
	unsigned long state; // struct irq_common_data
	unsigned int node;
	void *handler_data;
	void *common_rest[3];
	unsigned int mask, irq; // struct irq_data
	unsigned long hwirq;
	void *data_rest[5];
	unsigned int kstat; // offset of the counters in each CPU's area
	void (*handle)(struct desc *desc);
	struct action *action;
	unsigned int status, core_status, depth, wake_depth, tot_count, irq_count;
	unsigned long last_unhandled;
	unsigned int irqs_unhandled;
	int threads_handled, threads_handled_last, lock;
	char rest[256];
} __attribute__((aligned(64)));

struct channel {
	void *list[2];
	void *device;
	int state;
	char offer[200];
	int rescind, rescind_ref;
	char rings[700];
	void (*callback)(struct channel *channel);
	void *context;
	int sched_lock, mode;
	char more[120];
	uint64_t interrupts, sig_events, seen;
	char rest[100];
};

static struct desc *revmap[RELIDS];
static struct channel *channels[RELIDS];
static uint32_t kstats[CPUS][RELIDS + 64];
static unsigned long irqs_sum[CPUS][8];
static uint64_t pages[CPUS][WORDS];
static uint32_t hyp[CPUS];
static int message_type[CPUS];
static int this_cpu;
static int locks = 1;

static inline void lock(int *word)
{
	if (!locks)
		return;
	while (__atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE))
		;
}

static inline void unlock(int *word)
{
	if (locks)
		__atomic_store_n(word, 0, __ATOMIC_RELEASE);
}

static void on_channel(struct channel *channel) { channel->seen++; }

static int chan_handler(int irq, void *dev)
{
	struct channel *channel = dev;
	void (*callback)(struct channel *);

	(void)irq;
	lock(&channel->sched_lock);
	callback = channel->callback;
	if (callback) {
		channel->interrupts++;
		if (channel->mode == 2)
			callback(channel);
	}
	unlock(&channel->sched_lock);
	return 1;
}

#define IRQS_PENDING 1u
#define IRQS_REPLAY 2u
#define IRQS_WAITING 4u
#define IRQS_POLL_INPROGRESS 8u
#define IRQ_IS_POLLED 1u
#define IRQ_NO_DEBUG 2u
#define IRQD_DISABLED 1ul
#define IRQD_INPROGRESS 2ul

// What are functions of other files in the kernel are not inlined here either.
#define EXTERN __attribute__((noinline)) static

EXTERN void note_interrupt(struct desc *desc, int ret)
{
	if ((desc->core_status & IRQS_POLL_INPROGRESS) || (desc->status & IRQ_IS_POLLED))
		return;
	if (ret < 0 || ret > 3)
		abort();
	if (ret & 2)
		abort();
	if (ret == 0)
		desc->irqs_unhandled++;
	if (!desc->irqs_unhandled)
		return;
	if (++desc->irq_count >= 100000)
		desc->irq_count = desc->irqs_unhandled = 0;
}

EXTERN int handle_irq_event_percpu(struct desc *desc)
{
	int ret = 0;

	for (struct action *action = desc->action; action; action = action->next)
		ret |= action->handler((int)desc->irq, action->dev);
	if (!(desc->status & IRQ_NO_DEBUG))
		note_interrupt(desc, ret);
	return ret;
}

EXTERN int handle_irq_event(struct desc *desc)
{
	int ret;

	desc->core_status &= ~IRQS_PENDING;
	desc->state |= IRQD_INPROGRESS;
	unlock(&desc->lock);
	ret = handle_irq_event_percpu(desc);
	lock(&desc->lock);
	desc->state &= ~IRQD_INPROGRESS;
	return ret;
}

static void handle_simple(struct desc *desc)
{
	lock(&desc->lock);
	if (desc->state & IRQD_INPROGRESS)
		goto out;
	desc->core_status &= ~(IRQS_REPLAY | IRQS_WAITING);
	if (!desc->action || (desc->state & IRQD_DISABLED)) {
		desc->core_status |= IRQS_PENDING;
		goto out;
	}
	kstats[this_cpu][desc->kstat]++;
	irqs_sum[this_cpu][0]++;
	desc->tot_count++;
	handle_irq_event(desc);
out:
	unlock(&desc->lock);
}

static int vmbus_isr(void)
{
	uint64_t *page = pages[this_cpu];

	for (int w = 0; w < WORDS; w++) {
		while (page[w]) {
			int bit = __builtin_ctzll(page[w]);
			int relid = w * 64 + bit;

			if (locks)
				__atomic_fetch_and(&page[w], ~(1ull << bit), __ATOMIC_SEQ_CST);
			else
				page[w] &= ~(1ull << bit);
			if (relid == 0)
				continue;
			struct desc *desc = relid < RELIDS ? revmap[relid] : NULL;
			if (!desc)
				continue;
			struct channel *channel = desc->handler_data;
			if (!channel || channel->rescind)
				continue;
			desc->handle(desc);
		}
	}
	return message_type[this_cpu] != 0;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 1000000;

	int events = argc > 2 ? atoi(argv[2]) : 8;

	locks = !(argc > 3 && strcmp(argv[3], "--no-locks") == 0);

	for (int relid = 1; relid < RELIDS; relid++) {
		struct channel *channel = calloc(1, sizeof(*channel));
		struct desc *desc = aligned_alloc(64, sizeof(*desc));
		struct action *action = aligned_alloc(64, sizeof(*action));

		memset(desc, 0, sizeof(*desc));
		memset(action, 0, sizeof(*action));
		channels[relid] = channel;

		action->handler = chan_handler;
		action->dev = channel;
		desc->kstat = 24 + relid;
		desc->action = action;
		desc->handle = handle_simple;
		desc->irq = 24 + relid;
		desc->hwirq = relid;
		desc->handler_data = channel;
		channel->callback = on_channel;
		channel->mode = 2;
		revmap[relid] = desc;
	}
	struct timespec from, to;
	uint32_t next = 1;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (long i = 0; i < rounds; i++) {
		this_cpu = i & (CPUS - 1);
		uint64_t *page = pages[this_cpu];

		for (int e = 0; e < events; e++) {
			if (locks)
				__atomic_fetch_or(&page[next >> 6], 1ull << (next & 63), __ATOMIC_SEQ_CST);
			else
				page[next >> 6] |= 1ull << (next & 63);
			next = next + 251 < RELIDS ? next + 251 : next + 252 - RELIDS;
		}
		if (vmbus_isr())
			hyp[this_cpu]++;
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);

	uint64_t seen = 0, counted = 0;

	for (int relid = 1; relid < RELIDS; relid++) {
		seen += channels[relid]->seen;
		counted += revmap[relid]->tot_count;
	}
	double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;

	printf("{\"events\": %llu, \"counted\": %llu, \"seconds\": %.6f}\n", (unsigned long long)seen,
	       (unsigned long long)counted, seconds);
	return seen == counted ? 0 : 1;
}
