// The interrupt path of VMBus channels as Linux runs it: the limit that bench/hot-path.js is measured against. Event
// page -> relid -> irqdomain -> descriptor -> flow handler -> action -> channel callback, with all counters, the
// descriptor's and the channel's spin locks and the atomic test-and-clear of event flags. With --no-locks plain memory
// accesses take the place of the atomic ones. Written for this bench from the description of the algorithm.
#define _POSIX_C_SOURCE 199309L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RELIDS 2048
#define CPUS 8
#define WORDS (RELIDS / 64)
#define EVENTS 8

struct desc;
struct action {
	int (*handler)(int irq, void *dev);
	void *dev;
	struct action *next;
};
struct domain_data {
	struct desc *desc;
	unsigned long state;
	void *handler_data;
	unsigned int irq, hwirq;
};
struct desc {
	struct domain_data data;
	uint32_t *kstat;
	void (*handle)(struct desc *desc);
	struct action *action;
	int lock;
	unsigned int istate, depth, tot_count, irqs_unhandled, irq_count;
	int threads_handled_last;
};
struct channel {
	void (*callback)(struct channel *channel);
	uint64_t interrupts, seen;
	int mode, rescind, sched_lock;
};

static struct desc *revmap[RELIDS];
static struct channel channels[RELIDS];
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
#define IRQD_DISABLED 1ul
#define IRQD_INPROGRESS 2ul

static int handle_event_percpu(struct desc *desc)
{
	int ret = 0;

	for (struct action *action = desc->action; action; action = action->next)
		ret |= action->handler(desc->data.irq, action->dev);
	if (ret != 1)
		desc->irqs_unhandled++;
	else if (desc->irqs_unhandled)
		desc->irqs_unhandled = 0;
	return ret;
}

static void handle_simple(struct desc *desc)
{
	lock(&desc->lock);
	if (desc->data.state & IRQD_INPROGRESS)
		goto out;
	desc->istate &= ~4u;
	if (!desc->action || (desc->data.state & IRQD_DISABLED)) {
		desc->istate |= IRQS_PENDING;
		goto out;
	}
	desc->kstat[this_cpu]++;
	desc->tot_count++;
	desc->istate &= ~IRQS_PENDING;
	desc->data.state |= IRQD_INPROGRESS;
	unlock(&desc->lock);
	handle_event_percpu(desc);
	lock(&desc->lock);
	desc->data.state &= ~IRQD_INPROGRESS;
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
			struct channel *channel = desc->data.handler_data;
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

	locks = !(argc > 2 && strcmp(argv[2], "--no-locks") == 0);

	for (int relid = 1; relid < RELIDS; relid++) {
		struct desc *desc = calloc(1, sizeof(*desc));
		struct action *action = calloc(1, sizeof(*action));

		action->handler = chan_handler;
		action->dev = &channels[relid];
		desc->kstat = calloc(CPUS, sizeof(uint32_t));
		desc->action = action;
		desc->handle = handle_simple;
		desc->data.irq = 24 + relid;
		desc->data.hwirq = relid;
		desc->data.handler_data = &channels[relid];
		channels[relid].callback = on_channel;
		channels[relid].mode = 2;
		revmap[relid] = desc;
	}
	struct timespec from, to;
	uint32_t next = 1;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (long i = 0; i < rounds; i++) {
		this_cpu = i & (CPUS - 1);
		uint64_t *page = pages[this_cpu];

		for (int e = 0; e < EVENTS; e++) {
			if (locks)
				__atomic_fetch_or(&page[next >> 6], 1ull << (next & 63), __ATOMIC_SEQ_CST);
			else
				page[next >> 6] |= 1ull << (next & 63);
			next = next + 251 < RELIDS ? next + 251 : next + 252 - RELIDS;
		}
		if (vmbus_isr())
			hyp[this_cpu]++;
	}
	clock_gettime(CLOCK_MONOTONIC, &to);

	uint64_t seen = 0, counted = 0;

	for (int relid = 1; relid < RELIDS; relid++) {
		seen += channels[relid].seen;
		counted += revmap[relid]->tot_count;
	}
	double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;

	printf("{\"events\": %llu, \"counted\": %llu, \"seconds\": %.6f}\n", (unsigned long long)seen,
	       (unsigned long long)counted, seconds);
	return seen == counted ? 0 : 1;
}
