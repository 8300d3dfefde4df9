// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <unistd.h>

#include "lib.h"

/* Whether test frames are UDP, since some NICs steer nothing else. */
bool pd_udp;

/* The flow, told by the source address because not every NIC looks at ports. */
__u32 pd_flow;

/* A socket that sends on a device and receives nothing. */
int pd_tx_open(const char *ifname)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;

	err = pd_bind(fd, if_nametoindex(ifname), 0);
	if (err) {
		close(fd);
		return err;
	}

	return fd;
}

/* Where the sequence number is. */
static __u32 seq_off(void)
{
	return pd_udp ? ETH_HLEN + sizeof(struct iphdr) + sizeof(struct udphdr) :
			ETH_HLEN;
}

/* An IPv4 header for @len bytes, of the flow pd_flow. */
void pd_fill_ip(void *at, __u32 len, __u8 protocol)
{
	struct iphdr *ip = at;
	__u8 *bytes = at;
	__u32 i, sum = 0;

	memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = protocol;
	ip->tot_len = htons(len);
	ip->saddr = htonl(0xc6120001 + pd_flow);
	ip->daddr = htonl(0xc6130001);
	for (i = 0; i < sizeof(*ip); i += 2)
		sum += bytes[i] << 8 | bytes[i + 1];
	ip->check = htons(~(sum + (sum >> 16)));
}

static void fill_udp(__u8 *buf, __u32 len)
{
	struct udphdr *udp = (void *)(buf + ETH_HLEN + sizeof(struct iphdr));

	pd_fill_ip(buf + ETH_HLEN, len - ETH_HLEN, IPPROTO_UDP);
	udp->source = htons(10000);
	udp->dest = htons(9);
	udp->len = htons(len - ETH_HLEN - sizeof(struct iphdr));
	udp->check = 0;
}

/* A broadcast frame.  Each of its bytes follows from @seq. */
__u32 pd_fill(__u8 *buf, __u32 len, __u32 seq)
{
	struct ethhdr *eth = (struct ethhdr *)buf;
	__u32 be = htonl(seq);
	__u32 i;

	memset(eth->h_dest, 0xff, ETH_ALEN);
	memset(eth->h_source, 0x02, ETH_ALEN);
	eth->h_proto = htons(pd_udp ? ETH_P_IP : PD_ETHERTYPE);
	if (pd_udp)
		fill_udp(buf, len);
	memcpy(buf + seq_off(), &be, sizeof(be));
	for (i = seq_off() + sizeof(be); i < len; i++)
		buf[i] = (__u8)(seq * 7 + i + (i >> 8));

	return len;
}

/* Put tags of @size bytes behind the addresses of a frame.  Returns its new length. */
__u32 pd_tag(__u8 *data, __u32 len, const __u8 *tags, __u32 size)
{
	memmove(data + 2 * ETH_ALEN + size, data + 2 * ETH_ALEN,
		len - 2 * ETH_ALEN);
	memcpy(data + 2 * ETH_ALEN, tags, size);

	return len + size;
}

int pd_send_bytes(int fd, const __u8 *data, __u32 len)
{
	ssize_t sent = send(fd, data, len, 0);

	if (sent < 0)
		return -errno;

	return sent == (ssize_t)len ? 0 : -EIO;
}

/* The checksum of the Internet over @data of even length, begun with @sum. */
__u16 pd_checksum(const void *data, __u32 len, __u32 sum)
{
	const __u8 *p = data;
	__u32 i;

	for (i = 0; i < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);

	return htons(~sum);
}

int pd_send(int fd, __u32 len, __u32 seq)
{
	static __u8 buf[PD_FRAME_MAX];

	pd_fill(buf, len, seq);

	return pd_send_bytes(fd, buf, len);
}

int pd_send_many(int fd, __u32 count, __u32 len, __u32 seq)
{
	int err = 0;
	__u32 i;

	for (i = 0; i < count && !err; i++)
		err = pd_send(fd, len, seq + i);

	return err;
}

/* What is in a payload slot, unless that is in a dma-buf. */
static int gather_payload(const struct tpacket4_ring *ring,
			  const struct tpacket4_hdr *hdr, struct pd_frame *frame)
{
	const struct tpacket4_layout *l = &ring->layout;
	__u32 len = hdr->tp_payload_len;

	if (!l->tl_payload_off || hdr->tp_payload_slot == TPACKET4_SLOT_NONE)
		return 0;
	if (hdr->tp_payload_slot >= l->tl_payload_nr ||
	    len > l->tl_payload_len || hdr->tp_payload_off > l->tl_payload_len - len)
		return -ERANGE;
	if (frame->len + len > sizeof(frame->data))
		return -EMSGSIZE;

	memcpy(frame->data + frame->len, ring->payload + hdr->tp_payload_off +
	       ((size_t)hdr->tp_payload_slot << l->tl_payload_shift), len);
	frame->len += len;

	return 0;
}

static int gather_one(const struct tpacket4_ring *ring,
		      const struct tpacket4_hdr *hdr, struct pd_frame *frame)
{
	__u32 len = tpacket4_data_len(hdr);

	if (hdr->tp_slot >= ring->layout.tl_slot_nr)
		return -ERANGE;
	if (hdr->tp_data_end > ring->layout.tl_slot_len ||
	    hdr->tp_data > hdr->tp_data_end)
		return -ERANGE;
	/* Without TPACKET4_SLL tp_data_meta has no meaning. */
	if (hdr->tp_flags & TPACKET4_SLL && hdr->tp_data_meta > hdr->tp_data)
		return -ERANGE;
	if (frame->len + len > sizeof(frame->data))
		return -EMSGSIZE;

	memcpy(frame->data + frame->len, tpacket4_data(ring, hdr), len);
	frame->len += len;

	return gather_payload(ring, hdr, frame);
}

/* Put the frame that begins at the unread entry @at together.  Returns how
 * many entries it has, or -EPROTO when they are not one whole frame.
 */
int pd_gather(const struct tpacket4_ring *ring, __u32 at, __u32 avail,
	      struct pd_frame *frame)
{
	const struct tpacket4_hdr *hdr;
	__u32 i;
	int err;

	frame->len = 0;
	for (i = 0; i < avail; i++) {
		hdr = tpacket4_entry(ring, at + i);
		if (!!(hdr->tp_flags & TPACKET4_FIRST) != !i)
			return -EPROTO;
		if (!i)
			frame->hdr = *hdr;
		err = gather_one(ring, hdr, frame);
		if (err)
			return err;
		if (hdr->tp_flags & TPACKET4_LAST) {
			frame->entries = i + 1;
			return frame->entries;
		}
	}

	return -EPROTO;
}

/* Read one frame and give its entries back.  Returns how many it had. */
int pd_next(struct pd_sock *pd, struct pd_frame *frame, int msecs)
{
	int n = pd_wait(pd, 1, msecs);

	if (!n)
		return -ETIMEDOUT;

	n = pd_gather(&pd->ring, 0, n, frame);
	if (n > 0) {
		tpacket4_advance(&pd->ring, n);
		tpacket4_release(&pd->ring, pd->ring.next - pd->ring.cons);
	}

	return n;
}

__u32 pd_seq(const __u8 *data)
{
	__u32 be;

	memcpy(&be, data + seq_off(), sizeof(be));

	return ntohl(be);
}

/* What is wrong with the first @have of @len bytes of frame @seq, or NULL. */
const char *pd_check_bytes(const __u8 *data, __u32 have, __u32 len, __u32 seq)
{
	static __u8 want[PD_FRAME_MAX];
	static char why[128];
	__u32 i;

	if (have > len)
		return "more bytes than were sent";

	pd_fill(want, len, seq);
	for (i = 0; i < have; i++) {
		if (data[i] == want[i])
			continue;
		snprintf(why, sizeof(why),
			 "frame %u, byte %u of %u: %02x, should be %02x",
			 seq, i, len, data[i], want[i]);
		return why;
	}

	return NULL;
}

/* What is wrong with a frame that is @len bytes long and complete, or NULL. */
const char *pd_check(const struct pd_frame *frame, __u32 len, __u32 seq)
{
	static char why[128];

	if (frame->hdr.tp_len == len && frame->len == len)
		return pd_check_bytes(frame->data, frame->len, len, seq);

	snprintf(why, sizeof(why), "frame %u: tp_len %u, %u bytes, should be %u",
		 seq, frame->hdr.tp_len, frame->len, len);

	return why;
}

/* What is wrong with a frame that has the first @len bytes of @sent and was @wire bytes
 * long on the wire, or NULL.
 */
const char *pd_same(const struct pd_frame *frame, const __u8 *sent, __u32 len,
		    __u32 wire)
{
	static char why[128];
	__u32 i;

	if (frame->hdr.tp_len != wire || frame->len != len) {
		snprintf(why, sizeof(why), "tp_len %u, %u bytes, should be %u, %u",
			 frame->hdr.tp_len, frame->len, wire, len);
		return why;
	}
	for (i = 0; i < len && frame->data[i] == sent[i]; i++)
		;
	if (i == len)
		return NULL;
	snprintf(why, sizeof(why), "byte %u of %u: %02x, should be %02x", i, len,
		 frame->data[i], sent[i]);

	return why;
}
