// SPDX-License-Identifier: GPL-2.0
/*
 * Frames of a capture file, pcap or pcapng, of either byte order.  All of the file
 * is read and indexed before the first frame is sent, so the reply to the request
 * has the numbers of frames that are changed or left out:
 *
 *	shorter than 60 bytes		padded with zeros
 *	longer than max (4 more for each of up to two VLAN tags)	skipped
 *	cut by the snaplen		skipped
 *	MAC control (pause)		skipped unless asked for
 *	not Ethernet			skipped
 *
 * An FCS that the file announces is removed.  A file that ends within a record is
 * used up to the record before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/packet.h"
#include "wire/source.h"

#define CAPTURE_FILE_MAX	0x40000000
#define LINKTYPE_ETHERNET	1u
#define NG_SECTION		0x0a0d0d0au
#define NG_INTERFACE		1u
#define NG_PACKET_OLD		2u
#define NG_SIMPLE		3u
#define NG_ENHANCED		6u
#define NG_MAX_INTERFACES	1024

struct capture_record {
	size_t off;
	uint32_t len;
};

struct capture_iface {
	bool ethernet;
	uint32_t snaplen, fcs;
};

struct capture {
	struct source src;
	struct capture_params p;
	uint8_t *file;
	size_t size;
	bool swap, cut;
	struct capture_record *frame;
	size_t n, room, pos;
	uint64_t round;
	struct capture_iface *iface;
	unsigned int n_iface;
	uint8_t pad[NIC_FRAME_MIN];
	uint64_t padded, too_long, snapped, pause, not_ethernet, empty;
};

static uint32_t get32(struct capture *cap, size_t off)
{
	uint32_t val;

	memcpy(&val, cap->file + off, sizeof(val));
	return cap->swap ? __builtin_bswap32(val) : val;
}

static uint16_t get16(struct capture *cap, size_t off)
{
	uint16_t val;

	memcpy(&val, cap->file + off, sizeof(val));
	return cap->swap ? __builtin_bswap16(val) : val;
}

static bool is_vlan(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8;
}

static uint64_t frame_limit(struct capture *cap, const uint8_t *frame, size_t len)
{
	uint64_t max = cap->p.max;
	size_t at;

	for (at = 12; at < 20 && at + 2 <= len && is_vlan(get_be16(frame + at)); at += 4)
		max += 4;
	return max < NIC_FRAME_MAX ? max : NIC_FRAME_MAX;
}

static bool add_frame(struct capture *cap, size_t off, uint32_t caplen, uint32_t len,
		      uint32_t fcs)
{
	const uint8_t *frame = cap->file + off;
	struct capture_record *more;

	if (caplen < len) {
		cap->snapped++;
		return true;
	}
	if (len <= fcs) {
		cap->empty++;
		return true;
	}
	len -= fcs;
	if (len > frame_limit(cap, frame, len)) {
		cap->too_long++;
		return true;
	}
	if (!cap->p.keep_pause && len >= ETH_HLEN && get_be16(frame + 12) == 0x8808) {
		cap->pause++;
		return true;
	}
	if (cap->n == cap->room) {
		cap->room = cap->room ? cap->room * 2 : 1024;
		more = realloc(cap->frame, cap->room * sizeof(*more));
		if (!more)
			return false;
		cap->frame = more;
	}
	cap->padded += len < NIC_FRAME_MIN;
	cap->frame[cap->n++] = (struct capture_record){ off, len };
	return true;
}

/* The link type may hold the length of the FCS, in its upper bits. */
static uint32_t pcap_fcs(uint32_t linktype)
{
	return linktype & 0x04000000 ? (linktype >> 28) * 2 : 0;
}

static bool read_pcap(struct capture *cap, char *err)
{
	uint32_t magic, linktype, caplen, len;
	size_t off = 24;

	memcpy(&magic, cap->file, sizeof(magic));
	cap->swap = magic != 0xa1b2c3d4 && magic != 0xa1b23c4d;
	if (cap->size < off || get16(cap, 4) != 2) {
		snprintf(err, SOURCE_ERR_LEN, "%s: %s", cap->p.path,
			 cap->size < off ? "ends within its header" : "pcap of an unknown version");
		return false;
	}
	linktype = get32(cap, 20);
	if ((linktype & 0xffff) != LINKTYPE_ETHERNET) {
		snprintf(err, SOURCE_ERR_LEN, "%s: link type %u, not Ethernet", cap->p.path,
			 linktype & 0xffff);
		return false;
	}
	for (; off < cap->size; off += caplen) {
		cap->cut = cap->size - off < 16;
		if (cap->cut)
			break;
		caplen = get32(cap, off + 8);
		len = get32(cap, off + 12);
		off += 16;
		cap->cut = caplen > cap->size - off;
		if (cap->cut)
			break;
		if (!add_frame(cap, off, caplen, len, pcap_fcs(linktype)))
			return false;
	}
	return true;
}

/* Of the options, only the length of the FCS (if_fcslen) matters. */
static uint32_t ng_fcslen(struct capture *cap, size_t off, size_t end)
{
	uint32_t code, len;

	for (; end - off >= 4; off += 4 + ((len + 3) & ~3u)) {
		code = get16(cap, off);
		len = get16(cap, off + 2);
		if (!code || ((len + 3) & ~3u) > end - off - 4)
			break;
		if (code == 13 && len == 1)
			return cap->file[off + 4];
	}
	return 0;
}

static bool ng_interface(struct capture *cap, size_t off, size_t len)
{
	struct capture_iface *iface;

	if (len < 20 || cap->n_iface == NG_MAX_INTERFACES)
		return false;
	iface = &cap->iface[cap->n_iface++];
	iface->ethernet = get16(cap, off + 8) == LINKTYPE_ETHERNET;
	iface->snaplen = get32(cap, off + 12);
	iface->fcs = ng_fcslen(cap, off + 16, off + len - 4);
	return true;
}

/* The three kinds of packet blocks have their fields in different places. */
static bool ng_packet(struct capture *cap, size_t off, size_t len, uint32_t type)
{
	size_t head = type == NG_SIMPLE ? 12 : 28;
	uint32_t index = 0, caplen, wire_len;
	struct capture_iface *iface;

	if (len < head + 4)
		return false;
	if (type == NG_ENHANCED)
		index = get32(cap, off + 8);
	else if (type == NG_PACKET_OLD)
		index = get16(cap, off + 8);
	if (index >= cap->n_iface)
		return false;
	iface = &cap->iface[index];
	wire_len = get32(cap, off + head - 4);
	caplen = type == NG_SIMPLE ? wire_len : get32(cap, off + head - 8);
	if (type == NG_SIMPLE && iface->snaplen && caplen > iface->snaplen)
		caplen = iface->snaplen;
	if (caplen > len - head - 4)
		return false;
	if (iface->ethernet)
		return add_frame(cap, off + head, caplen, wire_len, iface->fcs);
	cap->not_ethernet++;
	return true;
}

static bool ng_block(struct capture *cap, size_t off, uint32_t type, size_t len)
{
	switch (type) {
	case NG_SECTION:
		cap->n_iface = 0;
		return true;
	case NG_INTERFACE:
		return ng_interface(cap, off, len);
	case NG_PACKET_OLD:
	case NG_SIMPLE:
	case NG_ENHANCED:
		return ng_packet(cap, off, len, type);
	}
	return true;
}

/* A section header gives the byte order of its section, itself included. */
static bool ng_byte_order(struct capture *cap, size_t off)
{
	uint32_t order;

	memcpy(&order, cap->file + off + 8, sizeof(order));
	cap->swap = order == 0x4d3c2b1a;
	return cap->swap || order == 0x1a2b3c4d;
}

static bool read_pcapng(struct capture *cap, char *err)
{
	size_t off, len;
	uint32_t type;

	cap->iface = calloc(NG_MAX_INTERFACES, sizeof(*cap->iface));
	if (!cap->iface)
		return false;
	for (off = 0; off < cap->size; off += len) {
		cap->cut = cap->size - off < 12;
		if (cap->cut)
			break;
		type = get32(cap, off);
		if (type == NG_SECTION && !ng_byte_order(cap, off))
			goto damaged;
		len = get32(cap, off + 4);
		cap->cut = len > cap->size - off;
		if (cap->cut)
			break;
		if (len < 12 || len % 4 || !ng_block(cap, off, type, len))
			goto damaged;
	}
	return true;
damaged:
	snprintf(err, SOURCE_ERR_LEN, "%s: damaged pcapng block at byte %zu", cap->p.path, off);
	return false;
}

static bool read_file(struct capture *cap, char *err)
{
	struct stat st;
	ssize_t n = 0;
	size_t got;
	int fd;

	fd = open(cap->p.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st)) {
		snprintf(err, SOURCE_ERR_LEN, "%s: %s", cap->p.path, strerror(errno));
		goto fail;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > CAPTURE_FILE_MAX) {
		snprintf(err, SOURCE_ERR_LEN, "%s: %s", cap->p.path,
			 S_ISREG(st.st_mode) ? "larger than 1 GiB" : "not a file");
		goto fail;
	}
	cap->size = (size_t)st.st_size;
	cap->file = malloc(cap->size + 1);
	for (got = 0; cap->file && got < cap->size; got += (size_t)n) {
		n = read(fd, cap->file + got, cap->size - got);
		if (n <= 0)
			break;
	}
	if (!cap->file || got < cap->size) {
		snprintf(err, SOURCE_ERR_LEN, "%s: %s", cap->p.path,
			 n < 0 || !cap->file ? strerror(errno) : "became shorter meanwhile");
		goto fail;
	}
	close(fd);
	return true;
fail:
	if (fd >= 0)
		close(fd);
	return false;
}

static bool read_frames(struct capture *cap, char *err)
{
	uint32_t magic = 0;

	if (cap->size >= sizeof(magic))
		memcpy(&magic, cap->file, sizeof(magic));
	switch (magic) {
	case NG_SECTION:
		return read_pcapng(cap, err);
	case 0xa1b2c3d4:
	case 0xd4c3b2a1:
	case 0xa1b23c4d:
	case 0x4d3cb2a1:
		return read_pcap(cap, err);
	}
	snprintf(err, SOURCE_ERR_LEN, "%s: neither pcap nor pcapng", cap->p.path);
	return false;
}

static const uint8_t *capture_frame(struct source *src, size_t *len)
{
	struct capture *cap = (struct capture *)src;
	struct capture_record *f = &cap->frame[cap->pos];

	if (cap->p.loop && cap->round == cap->p.loop)
		return NULL;
	if (f->len >= NIC_FRAME_MIN) {
		*len = f->len;
		return cap->file + f->off;
	}
	memset(cap->pad, 0, sizeof(cap->pad));
	memcpy(cap->pad, cap->file + f->off, f->len);
	*len = NIC_FRAME_MIN;
	return cap->pad;
}

static void capture_next(struct source *src)
{
	struct capture *cap = (struct capture *)src;

	if (++cap->pos < cap->n)
		return;
	cap->pos = 0;
	cap->round++;
}

static uint64_t capture_left(struct source *src)
{
	struct capture *cap = (struct capture *)src;

	if (!cap->p.loop)
		return UINT64_MAX;
	return (cap->p.loop - cap->round) * cap->n - cap->pos;
}

static void capture_print(struct source *src, FILE *out)
{
	struct capture *cap = (struct capture *)src;

	fprintf(out, ",\"frames\":%zu,\"padded\":%ju,\"skipped\":{\"too_long\":%ju,\"snapped\":%ju",
		cap->n, (uintmax_t)cap->padded, (uintmax_t)cap->too_long,
		(uintmax_t)cap->snapped);
	fprintf(out, ",\"pause\":%ju,\"not_ethernet\":%ju,\"empty\":%ju},\"truncated_file\":%s",
		(uintmax_t)cap->pause, (uintmax_t)cap->not_ethernet, (uintmax_t)cap->empty,
		cap->cut ? "true" : "false");
}

static void capture_free(struct source *src)
{
	struct capture *cap = (struct capture *)src;

	free(cap->iface);
	free(cap->frame);
	free(cap->file);
	free(cap);
}

static const struct source_ops capture_ops = {
	.name = "feed",
	.frame = capture_frame,
	.next = capture_next,
	.left = capture_left,
	.print = capture_print,
	.free = capture_free,
};

struct source *capture_open(const struct capture_params *p, char *err)
{
	struct capture *cap = calloc(1, sizeof(*cap));

	snprintf(err, SOURCE_ERR_LEN, "no memory");
	if (!cap)
		return NULL;
	cap->src.ops = &capture_ops;
	cap->p = *p;
	if (!read_file(cap, err) || !read_frames(cap, err)) {
		capture_free(&cap->src);
		return NULL;
	}
	/* Without a frame the source is done, also with loop=0. */
	if (!cap->n) {
		cap->p.loop = 1;
		cap->round = 1;
	}
	cap->p.path = NULL;
	return &cap->src;
}
