/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of the slots of a ring: who holds each slot, by the rules of
 * <linux/if_packet_v4.h>.  It was written without looking at the kernel's code.  A test
 * that writes nonsense into tp_slot compares the kernel with it.
 */
#ifndef PACKET_DIRECT_MODEL_H
#define PACKET_DIRECT_MODEL_H

#include "../tpacket4.h"

#define PD_MODEL_MAX	4096U
#define PD_KERNEL	0xffffffffU
#define PD_SPARE	0xfffffffeU

/**
 * struct pd_model - who holds what
 * @entries:	entries of the ring
 * @slots:	slots of the ring
 * @prod:	entries published so far
 * @cons:	entries given back so far
 * @bad_slot:	what ts_bad_slot has to be
 * @home:	slot of each entry that user space holds
 * @where:	holder of each slot: PD_KERNEL, PD_SPARE, or an entry's position
 */
struct pd_model {
	__u32	entries;
	__u32	slots;
	__u32	prod;
	__u32	cons;
	__u64	bad_slot;
	__u32	home[PD_MODEL_MAX];
	__u32	where[PD_MODEL_MAX];
};

void pd_model_init(struct pd_model *m, const struct tpacket4_ring *ring);
const char *pd_model_publish(struct pd_model *m,
			     const struct tpacket4_ring *ring);
void pd_model_release(struct pd_model *m, __u32 slot);
__u32 pd_model_count(const struct pd_model *m, __u32 holder);
const char *pd_model_compare(const struct pd_model *m,
			     const struct tpacket4_stats *stats);

#endif /* PACKET_DIRECT_MODEL_H */
