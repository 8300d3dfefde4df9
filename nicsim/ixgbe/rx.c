// SPDX-License-Identifier: GPL-2.0
/*
 * From the MAC to the receive queues.  A frame that the MAC accepts gets its queue.
 * If no other frame waits in the packet buffer, it goes to its queue at once; if it
 * cannot, it is stored.  When the packet buffer is full, the MAC misses frames.
 */
#include "ixgbe/ixgbe.h"

static void set_queue(struct ixgbe *nic, struct ixgbe_rx_meta *meta,
		      const struct ixgbe_fdir_filter *f)
{
	uint32_t ctrl = ixgbe_get(nic, IXG_FDIRCTRL);

	if (f->cmd & FDIRCMD_DROP)
		meta->queue = ctrl >> FDIRCTRL_DROP_Q_SHIFT & 0x7f;
	else if (f->cmd & FDIRCMD_QUEUE_EN)
		meta->queue = f->cmd >> FDIRCMD_QUEUE_SHIFT & 0x7f;
	meta->status |= RXD_STAT_FLM;
	if (ctrl & FDIRCTRL_REPORT) {
		meta->hash = f->key;
		meta->info = (meta->info & ~0xfu) | RXD_RSSTYPE_FDIR;
	}
}

/* Without RXCSUM.PCSD the field of the hash has the IP ID and a checksum.  The
 * checksum is 0 unless RXCSUM.IPPCSE asks for that of a fragment.
 */
static uint32_t fragment_checksum(struct ixgbe *nic, const struct pkt *pkt,
				  const uint8_t *frame, size_t len)
{
	uint32_t val = 0;

	if (pkt->l3 != L3_IPV4)
		return 0;
	val = get_be16(frame + pkt->l2_end + 4);
	if (pkt->fragment && (ixgbe_get(nic, IXG_RXCSUM) & RXCSUM_IPPCSE) &&
	    pkt->l4_len <= len - pkt->l3_end) {
		uint32_t sum = csum_add(0, frame + pkt->l3_end, pkt->l4_len);

		val |= (uint32_t)(uint16_t)~csum_fold(sum) << 16;
	}
	return val;
}

static void classify(struct ixgbe *nic, struct ixgbe_rx_meta *meta, const uint8_t *frame,
		     size_t len, bool inexact)
{
	const struct pkt *pkt = &meta->pkt;
	const struct ixgbe_fdir_filter *filter;
	unsigned int rss_type;

	pkt_parse(&meta->pkt, frame, len, ixgbe_get(nic, IXG_VLNCTRL) & VLNCTRL_VET);
	meta->hash = ixgbe_rss_hash(nic, pkt, frame, &rss_type);
	meta->queue = rss_type ? ixgbe_rss_queue(nic, meta->hash) : 0;
	meta->info = ixgbe_packet_type(nic, pkt) | rss_type;
	meta->status = ixgbe_rx_checksum(pkt, frame, nic->variant->fragments_wrong &&
					 !nic->fragments_right) |
		       (pkt->vlan ? RXD_STAT_VP : 0) | (inexact ? RXD_STAT_PIF : 0);
	if (ixgbe_rx_stamp(nic, pkt, &meta->stamp))
		meta->status |= RXD_STAT_TSIP | ixgbe_noise(nic, RXD_STAT_TS);
	else if (ixgbe_rx_latch(nic, pkt, frame, len))
		meta->status |= RXD_STAT_TS;
	if (meta->status & (RXD_ERR_IPE | RXD_ERR_L4E))
		*ixgbe_reg_ptr(nic, IXG_XEC) += 1;
	if (!(ixgbe_get(nic, IXG_RXCSUM) & RXCSUM_PCSD)) {
		meta->hash = fragment_checksum(nic, pkt, frame, len);
		meta->info &= ~0xfu;
	}
	filter = ixgbe_fdir_match(nic, pkt, frame);
	if (filter)
		set_queue(nic, meta, filter);
}

/* Returns false when the source is to wait. */
static bool receive(struct ixgbe *nic, const uint8_t *frame, size_t len, bool inexact,
		    bool may_wait)
{
	struct ixgbe_rx_meta meta;

	if (!ixgbe_pb_has_room(nic, len)) {
		if (may_wait && nic->pb.head)
			return false;
		ixgbe_stat_rx_good(nic, frame, len);
		*ixgbe_reg_ptr(nic, IXG_MPC(0)) += 1;
		nic->fate.missed++;
		ixgbe_irq_other(nic, EICR_RX_MISS);
		return true;
	}
	ixgbe_stat_rx_good(nic, frame, len);
	classify(nic, &meta, frame, len, inexact);
	if (!nic->pb.head && !nic->pb.draining &&
	    ixgbe_rx_deliver(nic, &meta, frame, len) != DELIVER_BLOCKED)
		return true;
	if (!ixgbe_pb_push(nic, &meta, frame, len))
		nic->fate.missed++;
	return true;
}

static void count_kept(struct ixgbe *nic, enum ixgbe_mac_verdict verdict)
{
	switch (verdict) {
	case MAC_PAUSE:
		nic->fate.pause++;
		break;
	case MAC_UNDERSIZE:
		*ixgbe_reg_ptr(nic, IXG_RUC) += 1;
		nic->fate.undersize++;
		break;
	case MAC_OVERSIZE:
		*ixgbe_reg_ptr(nic, IXG_ROC) += 1;
		nic->fate.oversize++;
		break;
	default:
		nic->fate.filtered++;
		break;
	}
}

static bool receiver_on(struct ixgbe *nic)
{
	return (ixgbe_get(nic, IXG_RXCTRL) & RXCTRL_RXEN) &&
	       !(ixgbe_get(nic, IXG_SECRXCTRL) & SECRXCTRL_RX_DIS);
}

/* Returns false when the source is to wait; the frame is not counted then. */
static bool mac_receive(struct ixgbe *nic, const uint8_t *frame, size_t len, bool may_wait)
{
	enum ixgbe_mac_verdict verdict;
	bool inexact = false;

	if (!receiver_on(nic)) {
		nic->fate.rx_off++;
	} else {
		verdict = ixgbe_mac_filter(nic, frame, len, &inexact);
		if (verdict != MAC_ACCEPT)
			count_kept(nic, verdict);
		else if (!receive(nic, frame, len, inexact, may_wait))
			return false;
		ixgbe_stat_rx_mac(nic, frame, len);
	}
	nic->fate.offered++;
	return true;
}

enum nic_rx_verdict ixgbe_wire_rx(void *priv, const uint8_t *frame, size_t len, bool may_wait)
{
	struct ixgbe *nic = priv;

	if (ixgbe_get(nic, IXG_HLREG0) & HLREG0_LPBK) {
		nic->fate.offered++;
		nic->fate.loopback++;
		return NIC_RX_TAKEN;
	}
	if (nic->phy.asleep) {
		nic->fate.offered++;
		nic->fate.rx_off++;
		return NIC_RX_TAKEN;
	}
	if (mac_receive(nic, frame, len, may_wait))
		return NIC_RX_TAKEN;
	nic->pb.source_waits = true;
	return NIC_RX_WAIT;
}

void ixgbe_loopback_rx(struct ixgbe *nic, const uint8_t *frame, size_t len)
{
	mac_receive(nic, frame, len, false);
}
