/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the packet_direct tests share: a network namespace with devices in it,
 * sockets with a TPACKET_V4 ring, numbered test frames, and reading them back.
 *
 * Functions return 0 or what they count, or a negative errno.
 */
#ifndef PACKET_DIRECT_LIB_H
#define PACKET_DIRECT_LIB_H

#include <linux/if_ether.h>
#include <linux/types.h>
#include <stdbool.h>
#include <sys/types.h>

#include "../../../kselftest.h"
#include "../tpacket4.h"

#define PD_ETHERTYPE	0x88b5		/* IEEE 802: local experiments */
#define PD_FRAME_MIN	(ETH_HLEN + 4)
#define PD_FRAME_MAX	(528 * 1024)	/* more than 512 slots of 1024 bytes */

struct ifreq;
struct sock_filter;
struct packet_diag_direct;
struct packet_diag_info;

/* Memory of one's own, for slots. */
struct pd_memory {
	__u8			*at;
	size_t			len;
};

enum pd_memory_kind {
	PD_MEMORY_PAGES,
	PD_MEMORY_MEMFD,
	PD_MEMORY_THP,
	PD_MEMORY_HUGETLB,
};

/* A socket with a ring; @fd is -1 when closed.  @memory is there with PD_MEMORY. */
struct pd_sock {
	int			fd;
	int			ifindex;
	struct tpacket4_ring	ring;
	struct pd_memory	memory;
};

/* A frame, put together from its entries. */
struct pd_frame {
	struct tpacket4_hdr	hdr;		/* the first entry's */
	__u32			entries;
	__u32			len;		/* bytes in @data */
	__u8			data[PD_FRAME_MAX + 64];
};

/* What a load of a filter finds in a test frame of @len bytes with PD_TAG, and in one
 * without, unless it is @tag that it finds.
 */
struct pd_seen {
	const char	*what;
	__u16		code;
	__u32		k;
	__u32		(*value)(__u32 len);
	bool		tag;
};

#define PD_TAG	{ 0x81, 0x00, 0x20, 0x09 }

extern const struct pd_seen pd_seen[];
extern const __u32 pd_seen_nr;

extern bool pd_udp;
extern __u32 pd_slot_min;
extern __u32 pd_entry_min;
extern bool pd_one_slot;
extern bool pd_uncounted;
extern __u32 pd_flow;

/* system.c */
int pd_write_file(const char *path, const char *text);
long long pd_read_number(const char *path);
int pd_netns(void);
int __printf(1, 2) pd_run(const char *fmt, ...);
int pd_drop_caps(void);
int pd_in_child(int (*child)(void *arg), void *arg);
int pd_signal_at(const __u8 *at);
__u64 pd_now(int clock);
int pd_pin(int cpu);
int pd_set_clock(__u64 ns);

/* device.c */
int pd_if_ioctl(const char *name, int request, struct ifreq *ifr);
int pd_if_up(const char *name, bool up);
int pd_link_up(const char *a, const char *b);
int pd_if_mtu(const char *name, int mtu);
int pd_if_mac(const char *name, __u8 *mac);
int pd_ethtool(const char *name, void *cmd);
int pd_if_reset(const char *name);
int pd_veth(const char *a, const char *b);
int pd_veth_tx(const char *a, const char *b);

/* memory.c */
size_t pd_memory_len(const struct tpacket_req4 *req);
void *pd_memory_make(struct pd_memory *m, enum pd_memory_kind kind, size_t len);
void pd_memory_free(struct pd_memory *m);
long long pd_memory_pinned(void);
int pd_memory_choose(struct pd_memory *m, struct tpacket_req4 *req);

/* socket.c */
const char *pd_missing(void);
void pd_req(struct tpacket_req4 *req, __u32 entries, __u32 slots, __u32 size);
int pd_socket(int type);
int pd_set_int(int fd, int opt, int value);
int pd_set_ring(int fd, const struct tpacket_req4 *req);
int pd_remove_ring(int fd);
int pd_bind(int fd, int ifindex, int proto);
int pd_open(struct pd_sock *pd, const char *ifname,
	    const struct tpacket_req4 *req);
void pd_close(struct pd_sock *pd);
int pd_stats(int fd, struct tpacket4_stats *stats);
__u32 pd_quarantined(void);
bool pd_sum_ok(const struct pd_sock *pd, const struct tpacket4_stats *stats);
int pd_wait(struct pd_sock *pd, __u32 entries, int msecs);
__u64 pd_wait_drops(struct pd_sock *pd, __u64 drops, int msecs);
__u64 pd_wait_refused(struct pd_sock *pd, __u64 drops, int msecs);
void pd_drain(struct pd_sock *pd);

/* filter.c */
int pd_filter_ret(int fd, __u32 ret);
int pd_filter(int fd, const struct sock_filter *insn, __u32 count);
int pd_filter_seen(int fd, const struct pd_seen *seen, __u32 len);
int pd_filter_detach(int fd);
int pd_ebpf(__u32 ret);
int pd_ebpf_field(__u32 off, __u32 value, __u32 match, __u32 other);

/* lease.c */
__u32 pd_by(void);
int pd_info(int fd, struct tpacket4_info *info);
int pd_query_reason(const char *ifname, __u32 queue);
int pd_wait_reason(const char *ifname, __u32 queue, int want, int msecs);
int pd_reason(int fd);
const char *pd_refused(int fd, int err, int reason);
int pd_lease(int fd, unsigned int queue);
bool pd_napi_is_told(const struct tpacket4_info *info);
int pd_direct(int fd, struct tpacket4_direct *direct);
int pd_together(int fd, __u32 flags, const int *peers, __u32 nr);
int pd_prepare(int fd, unsigned int queue);
int pd_begin(int fd);
int pd_lease_flags(int fd, unsigned int queue, __u32 flags);
int pd_lease_split(int fd, unsigned int queue);
int pd_lease_dmabuf(int fd, unsigned int queue, int dmabuf, __u64 len);
int pd_unlease(int fd);

/* diag.c */
int pd_diag(int fd, struct packet_diag_info *info,
	    struct packet_diag_direct *direct);
int pd_diag_stats(int fd, struct tpacket4_stats *stats);

/* netdev.c */
long long pd_queue_inode(const char *ifname, __u32 queue);

/* frame.c: send, receive, compare */
int pd_tx_open(const char *ifname);
void pd_fill_ip(void *at, __u32 len, __u8 protocol);
__u32 pd_fill(__u8 *buf, __u32 len, __u32 seq);
__u32 pd_tag(__u8 *data, __u32 len, const __u8 *tags, __u32 size);
int pd_send_bytes(int fd, const __u8 *data, __u32 len);
__u16 pd_checksum(const void *data, __u32 len, __u32 sum);
int pd_send(int fd, __u32 len, __u32 seq);
int pd_send_many(int fd, __u32 count, __u32 len, __u32 seq);
int pd_gather(const struct tpacket4_ring *ring, __u32 at, __u32 avail,
	      struct pd_frame *frame);
int pd_next(struct pd_sock *pd, struct pd_frame *frame, int msecs);
__u32 pd_seq(const __u8 *data);
const char *pd_check(const struct pd_frame *frame, __u32 len, __u32 seq);
const char *pd_check_bytes(const __u8 *data, __u32 have, __u32 len, __u32 seq);
const char *pd_same(const struct pd_frame *frame, const __u8 *sent, __u32 len,
		    __u32 wire);

#endif /* PACKET_DIRECT_LIB_H */
