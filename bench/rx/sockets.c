// SPDX-License-Identifier: GPL-2.0
/* The paths of rx. DPDK's are in rx-dpdk. */
#include <stddef.h>

#include "rx.h"

extern const struct rx_path recvfrom_path, v2_path, v3_path, v4_copy_path, direct_poll_path,
	direct_busy_path, direct_spin_path, xdp_copy_path, xdp_poll_path, xdp_busy_path,
	direct_headers_path, direct_stamps_path, direct_huge_path, lane_poll_path, lane_busy_path,
	direct_tee_path, direct_tee_all_path,
	direct_pass_path, stack_path, udp_path;

const struct rx_path * const rx_paths[] = {
	&recvfrom_path, &v2_path, &v3_path, &v4_copy_path, &direct_poll_path, &direct_busy_path,
	&direct_spin_path, &xdp_copy_path, &xdp_poll_path, &xdp_busy_path,
	&direct_headers_path, &direct_stamps_path, &direct_huge_path, &lane_poll_path,
	&lane_busy_path, &direct_tee_path, &direct_tee_all_path,
	&direct_pass_path, &stack_path, &udp_path, NULL
};
