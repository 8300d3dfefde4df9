// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints of rings and leases.
 */
#define CREATE_TRACE_POINTS
#include <trace/events/packet_direct.h>
