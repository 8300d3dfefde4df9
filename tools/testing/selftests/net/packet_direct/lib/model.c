// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "model.h"

/* The ring must be fresh. */
void pd_model_init(struct pd_model *m, const struct tpacket4_ring *ring)
{
	__u32 i;

	memset(m, 0, sizeof(*m));
	m->entries = ring->layout.tl_entry_nr;
	m->slots = ring->layout.tl_slot_nr;
	m->prod = -m->entries;
	m->cons = m->prod;
	for (i = 0; i < m->slots; i++)
		m->where[i] = i < m->entries ? PD_KERNEL : PD_SPARE;
}

/* Look at the entries that were published since the last call, before anything
 * is written to them.  Returns what is wrong, or NULL.
 */
const char *pd_model_publish(struct pd_model *m,
			     const struct tpacket4_ring *ring)
{
	static char why[128];
	__u32 pos, slot;

	for (; m->prod != ring->prod; m->prod++) {
		pos = m->prod & (m->entries - 1);
		slot = tpacket4_at(ring, m->prod)->tp_slot;
		if (slot >= m->slots || m->where[slot] != PD_KERNEL) {
			snprintf(why, sizeof(why),
				 "entry %u published with slot %u of %u, held by %x",
				 m->prod, slot, m->slots,
				 slot < m->slots ? m->where[slot] : 0);
			return why;
		}
		m->home[pos] = slot;
		m->where[slot] = pos;
	}

	return NULL;
}

/* The oldest entry goes back with @slot in its tp_slot. */
void pd_model_release(struct pd_model *m, __u32 slot)
{
	__u32 own = m->home[m->cons & (m->entries - 1)];
	__u32 holder;

	m->cons++;
	if (slot == own) {
		m->where[own] = PD_KERNEL;
		return;
	}

	holder = slot < m->slots ? m->where[slot] : PD_KERNEL;
	if (holder == PD_KERNEL) {
		m->bad_slot++;
		m->where[own] = PD_KERNEL;
		return;
	}

	m->where[slot] = PD_KERNEL;
	m->where[own] = holder;
	if (holder != PD_SPARE)
		m->home[holder] = own;
}

__u32 pd_model_count(const struct pd_model *m, __u32 holder)
{
	__u32 i, n = 0;

	for (i = 0; i < m->slots; i++)
		n += m->where[i] == holder;

	return n;
}

/* Returns which counter of the kernel differs, or NULL.  No frame may be on its way. */
const char *pd_model_compare(const struct pd_model *m,
			     const struct tpacket4_stats *stats)
{
	__u32 kernel = pd_model_count(m, PD_KERNEL);
	__u32 spare = pd_model_count(m, PD_SPARE);
	static char why[256];

	if (stats->ts_free + stats->ts_posted == kernel &&
	    stats->ts_spare == spare && stats->ts_held == m->prod - m->cons &&
	    stats->ts_bad_slot == m->bad_slot)
		return NULL;

	snprintf(why, sizeof(why),
		 "free %u + posted %u, should be %u; spare %u, should be %u; held %u, should be %u; bad %llu, should be %llu",
		 stats->ts_free, stats->ts_posted, kernel, stats->ts_spare,
		 spare, stats->ts_held, m->prod - m->cons,
		 (unsigned long long)stats->ts_bad_slot,
		 (unsigned long long)m->bad_slot);

	return why;
}
