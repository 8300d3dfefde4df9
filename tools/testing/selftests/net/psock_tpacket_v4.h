/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PSOCK_TPACKET_V4_H
#define PSOCK_TPACKET_V4_H

#include <stddef.h>

/* Checks one frame, and exits when it is not one that was sent. */
typedef void (*tpacket_v4_check)(void *pay, size_t len);

int test_tpacket_v4(tpacket_v4_check check);
int test_tpacket_v4_args(int argc, char **argv, tpacket_v4_check check);

#endif /* PSOCK_TPACKET_V4_H */
