/* SPDX-License-Identifier: GPL-2.0 */
/* Requests to the NIC model behind eth0. */
#ifndef BENCH_CONTROL_H
#define BENCH_CONTROL_H

void control_open(void);

/* Send a request; read its reply, which may be later. */
void control_send(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *control_reply(void);

/* Both at once. Ends the program if the model refused the request. */
const char *control_ask(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
