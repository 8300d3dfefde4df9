/* SPDX-License-Identifier: GPL-2.0 */
/* Requests to the NIC model behind eth0. */
#ifndef BENCH_CONTROL_H
#define BENCH_CONTROL_H

void control_open(void);

/* A request, and its reply, which may be read later. */
void control_send(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *control_reply(void);

/* Both at once. Ends the program when the reply says that it did not work. */
const char *control_ask(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
