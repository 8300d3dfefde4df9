// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control.h"
#include "rx.h"

#define PORT	"/dev/virtio-ports/nicsim0"

static int port = -1;

void control_open(void)
{
	port = open(PORT, O_RDWR | O_CLOEXEC);
	if (port < 0)
		die(PORT);
}

static void send_line(const char *fmt, va_list ap)
{
	char line[4096];
	ssize_t n;

	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	line[n++] = '\n';
	if (write(port, line, n) != n)
		die(PORT);
}

void control_send(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	send_line(fmt, ap);
	va_end(ap);
}

const char *control_reply(void)
{
	static char line[4096];
	size_t have = 0;
	ssize_t n;

	do {
		n = read(port, line + have, sizeof(line) - 1 - have);
		if (n <= 0)
			die(PORT);
		have += n;
		line[have] = 0;
	} while (line[have - 1] != '\n');
	if (strstr(line, "\"ok\":false")) {
		fprintf(stderr, "rx: the NIC model refused: %s", line);
		exit(2);
	}
	return line;
}

const char *control_ask(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	send_line(fmt, ap);
	va_end(ap);
	return control_reply();
}
