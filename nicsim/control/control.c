// SPDX-License-Identifier: GPL-2.0
/*
 * The control socket.  One line is one request.  Its answer is one line, a JSON
 * object; answers come in the order of the requests.
 *
 * A client may be a serial port of a guest.  Such a client never closes, and an
 * answer for a reader that was killed may be left over in it.  So a request may
 * begin with "@TOKEN", and its answer has the token as "id".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/control.h"
#include "json.h"
#include "loop.h"
#include "sim.h"
#include "sock.h"

#define LINE_MAX_LEN	4096
#define MAX_CLIENTS	64

struct client {
	struct control *ctl;
	struct loop_fd lfd;
	char in[LINE_MAX_LEN];
	size_t in_len;
	bool too_long;		/* the rest of the line is ignored */
	char *out;
	size_t out_len, out_sent;
	struct client *next;
};

struct control {
	struct nicsim *sim;
	char *path;
	struct loop_fd listen;
	struct client *clients;
	unsigned int n_clients;
};

static bool split_line(struct ctl_args *a, char *line)
{
	char *word, *save;

	for (word = strtok_r(line, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (a->n == CTL_MAX_WORDS)
			return ctl_fail(a, "more than %d words", CTL_MAX_WORDS);
		a->word[a->n++] = word;
	}
	if (a->n && a->word[0][0] == '@') {
		a->id = a->word[0] + 1;
		a->n--;
		memmove(a->word, a->word + 1, a->n * sizeof(a->word[0]));
	}
	return a->n ? true : ctl_fail(a, "empty request; `help` lists the requests");
}

static bool run_line(struct nicsim *sim, struct ctl_args *a, char *line, FILE *out)
{
	const struct ctl_request *req;

	if (!split_line(a, line))
		return false;
	for (req = ctl_requests; req->name; req++)
		if (!strcmp(req->name, a->word[0]))
			return req->fn(sim, a, out);
	return ctl_fail(a, "unknown request '%s'; `help` lists the requests", a->word[0]);
}

static bool printable(const char *line, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 && line[i] != '\t')
			return false;
	return true;
}

/* Runs one line.  Its answer is then ready to be sent. */
static void answer(struct client *c, char *line, size_t len)
{
	struct ctl_args a = { 0 };
	char *body = NULL, *text = NULL;
	size_t body_len = 0;
	FILE *out;
	bool ok;

	if (len && line[len - 1] == '\r')
		line[--len] = '\0';
	out = open_memstream(&body, &body_len);
	if (c->too_long)
		ok = ctl_fail(&a, "request longer than %d bytes", LINE_MAX_LEN - 1);
	else if (!printable(line, len))
		ok = ctl_fail(&a, "request with control characters");
	else
		ok = run_line(c->ctl->sim, &a, line, out);
	fclose(out);
	out = open_memstream(&text, &c->out_len);
	fprintf(out, "{\"ok\":%s", ok ? "true" : "false");
	if (a.id) {
		fputs(",\"id\":", out);
		json_string(out, a.id);
	}
	if (ok) {
		fputs(body, out);
	} else {
		fputs(",\"error\":", out);
		json_string(out, a.err);
	}
	fputs("}\n", out);
	fclose(out);
	free(body);
	c->out = text;
	c->out_sent = 0;
}

static void client_free(struct client *c)
{
	struct client **p;

	for (p = &c->ctl->clients; *p != c; p = &(*p)->next)
		;
	*p = c->next;
	c->ctl->n_clients--;
	loop_del(c->ctl->sim->loop, &c->lfd);
	close(c->lfd.fd);
	free(c->out);
	free(c);
}

/* 1: all sent, 0: the socket is full, -1: the client is gone (and freed) */
static int client_flush(struct client *c)
{
	ssize_t n;

	while (c->out_sent < c->out_len) {
		n = send(c->lfd.fd, c->out + c->out_sent, c->out_len - c->out_sent,
			 MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0) {
			client_free(c);
			return -1;
		}
		c->out_sent += (size_t)n;
	}
	free(c->out);
	c->out = NULL;
	c->out_len = 0;
	c->out_sent = 0;
	return 1;
}

/* Answers all complete lines, each after the answer before it has been sent. */
static int client_lines(struct client *c)
{
	size_t len;
	char *end;
	int ret;

	while ((end = memchr(c->in, '\n', c->in_len))) {
		len = (size_t)(end - c->in);
		*end = '\0';
		answer(c, c->in, len);
		c->too_long = false;
		c->in_len -= len + 1;
		memmove(c->in, end + 1, c->in_len);
		ret = client_flush(c);
		if (ret <= 0)
			return ret;
	}
	if (c->in_len == sizeof(c->in)) {
		c->too_long = true;
		c->in_len = 0;
	}
	return 1;
}

static void client_event(void *arg, uint32_t events)
{
	struct client *c = arg;
	ssize_t n;
	int ret;

	(void)events;
	if (c->out_len) {
		ret = client_flush(c);
		if (ret > 0)
			ret = client_lines(c);
	} else {
		n = recv(c->lfd.fd, c->in + c->in_len, sizeof(c->in) - c->in_len, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			client_free(c);
			return;
		}
		c->in_len += (size_t)n;
		ret = client_lines(c);
	}
	if (ret >= 0)
		loop_mod(c->ctl->sim->loop, &c->lfd, ret ? EPOLLIN : EPOLLOUT);
}

static void new_client(void *arg, uint32_t events)
{
	struct control *ctl = arg;
	struct client *c;
	int fd;

	(void)events;
	fd = sock_accept(ctl->listen.fd);
	if (fd < 0)
		return;
	c = ctl->n_clients < MAX_CLIENTS ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		close(fd);
		return;
	}
	c->ctl = ctl;
	c->lfd = (struct loop_fd){ fd, client_event, c };
	c->next = ctl->clients;
	ctl->clients = c;
	ctl->n_clients++;
	if (!loop_add(ctl->sim->loop, &c->lfd, EPOLLIN))
		client_free(c);
}

struct control *control_new(struct nicsim *sim, const char *path)
{
	struct control *ctl = calloc(1, sizeof(*ctl));

	if (!ctl)
		return NULL;
	ctl->sim = sim;
	ctl->path = strdup(path);
	ctl->listen = (struct loop_fd){ sock_listen(path, "control"), new_client, ctl };
	if (ctl->listen.fd < 0 || !loop_add(sim->loop, &ctl->listen, EPOLLIN))
		return NULL;
	return ctl;
}

void control_free(struct control *ctl)
{
	while (ctl->clients)
		client_free(ctl->clients);
	close(ctl->listen.fd);
	unlink(ctl->path);
	free(ctl->path);
	free(ctl);
}
