// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bus/dma.h"
#include "bus/dma_log.h"
#include "bus/pci.h"
#include "bus/vfio_user.h"
#include "control/control.h"
#include "loop.h"
#include "sim.h"
#include "strict.h"
#include "wire/source.h"
#include "wire/wire.h"

static const struct nic_model * const models[] = {
	&ixgbe_82599_model,
	&ixgbe_x550_model,
	&gve_model,
	&loopback_model,
	&netdev_model,
};

#define MAX_SETS	16

struct options {
	const struct nic_model *model;
	const char *socket, *control, *wire, *log, *dma_log;
	char *set[MAX_SETS];		/* NAME, a zero, VALUE */
	unsigned int sets;
	enum wire_role role;
	uint8_t mac[6];
};

static void print_help(FILE *out)
{
	unsigned int i;

	fputs("usage: nicsim --model MODEL --socket PATH --control PATH [options]\n"
	      "\n"
	      "Models one port of a NIC and serves it over vfio-user, or is the cable of a NIC\n"
	      "that QEMU emulates (netdev).  Prints \"ready\" when QEMU can connect, serves one\n"
	      "client after the other, ends on SIGTERM.\n"
	      "\n"
	      "  --model MODEL        one of:", out);
	for (i = 0; i < ARRAY_SIZE(models); i++)
		fprintf(out, " %s", models[i]->name);
	fputs("\n"
	      "  --socket PATH        Unix socket for QEMU's vfio-user-pci device, or for its\n"
	      "                       -netdev stream; or fd:N, a packet socket on its tap device\n"
	      "  --control PATH       Unix socket for requests; send it \"help\"\n"
	      "  --wire-listen PATH   the cable: wait for the other port here\n"
	      "  --wire-connect PATH  the cable: the other port is here, now or later\n"
	      "                       (without either: a link to nowhere)\n"
	      "  --mac MAC            default 02:6e:73:00:00:01\n"
	      "  --set NAME=VALUE     as the request \"set\", before any client is there\n"
	      "  --log FILE           append messages there instead of to standard error\n"
	      "  --dma-log FILE       note there what is written to the guest's memory, as\n"
	      "                       bus/dma_log.h says\n"
	      "  --help               this text\n", out);
}

static bool complain(const char *what, const char *arg)
{
	fprintf(stderr, "nicsim: %s%s; see nicsim --help\n", what, arg);
	return false;
}

static bool choose_model(struct options *o, const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(models); i++)
		if (!strcmp(models[i]->name, name))
			o->model = models[i];
	return o->model ? true : complain("no such model: ", name);
}

static bool choose_wire(struct options *o, enum wire_role role, const char *path)
{
	if (o->role != WIRE_NONE)
		return complain("one of --wire-listen and --wire-connect, once", "");
	o->role = role;
	o->wire = path;
	return true;
}

static bool choose_mac(struct options *o, const char *text)
{
	static const uint8_t zero[6];

	if (!parse_mac(text, o->mac) || o->mac[0] & 1 || !memcmp(o->mac, zero, 6))
		return complain("not a unicast MAC address: ", text);
	return true;
}

static bool choose_knob(struct options *o, char *text)
{
	char *eq = strchr(text, '=');

	if (!eq || o->sets == MAX_SETS)
		return complain(eq ? "too many --set" : "not NAME=VALUE: ", eq ? "" : text);
	*eq = '\0';
	o->set[o->sets++] = text;
	return true;
}

static bool take_option(struct options *o, int opt, char *arg)
{
	switch (opt) {
	case 'm':
		return choose_model(o, arg);
	case 's':
		o->socket = arg;
		return true;
	case 'c':
		o->control = arg;
		return true;
	case 'l':
		return choose_wire(o, WIRE_LISTEN, arg);
	case 'w':
		return choose_wire(o, WIRE_CONNECT, arg);
	case 'a':
		return choose_mac(o, arg);
	case 't':
		return choose_knob(o, arg);
	case 'g':
		o->log = arg;
		return true;
	case 'd':
		o->dma_log = arg;
		return true;
	}
	return complain("bad option", "");
}

static bool parse_command_line(struct options *o, int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "model", required_argument, NULL, 'm' },
		{ "socket", required_argument, NULL, 's' },
		{ "control", required_argument, NULL, 'c' },
		{ "wire-listen", required_argument, NULL, 'l' },
		{ "wire-connect", required_argument, NULL, 'w' },
		{ "mac", required_argument, NULL, 'a' },
		{ "set", required_argument, NULL, 't' },
		{ "log", required_argument, NULL, 'g' },
		{ "dma-log", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", longopts, NULL)) >= 0) {
		if (opt == 'h') {
			print_help(stdout);
			exit(EXIT_SUCCESS);
		}
		if (!take_option(o, opt, optarg))
			return false;
	}
	if (optind < argc)
		return complain("unexpected argument: ", argv[optind]);
	if (!o->model)
		return complain("no --model", "");
	if (!o->socket)
		return complain("no --socket", "");
	return o->control ? true : complain("no --control", "");
}

static void stop_signal(void *arg, uint32_t events)
{
	(void)events;
	loop_quit(arg);
}

static bool catch_signals(struct loop *loop, struct loop_fd *lfd)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	lfd->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	lfd->fn = stop_signal;
	lfd->arg = loop;
	return lfd->fd >= 0 && loop_add(loop, lfd, EPOLLIN);
}

static bool out_of_memory(void)
{
	fputs("nicsim: not enough memory or descriptors\n", stderr);
	return false;
}

static bool set_knobs(struct nicsim *sim, const struct options *o)
{
	char err[KNOB_ERR_LEN];
	unsigned int i;

	for (i = 0; i < o->sets; i++) {
		if (knob_set(sim, o->set[i], o->set[i] + strlen(o->set[i]) + 1, err))
			continue;
		fprintf(stderr, "nicsim: %s\n", err);
		return false;
	}
	return true;
}

static bool start_dma_log(struct nicsim *sim, const char *path)
{
	struct dma_log *log;

	if (!path)
		return true;
	log = dma_log_new(path);
	if (!log) {
		fprintf(stderr, "nicsim: %s: %s\n", path, strerror(errno));
		return false;
	}
	dma_log_to(sim->dma, log);
	return true;
}

/* The model comes last: its create() may use all the rest. */
static bool sim_start(struct nicsim *sim, const struct options *o)
{
	sim->model = o->model;
	memcpy(sim->mac, o->mac, sizeof(sim->mac));
	sim->loop = loop_new();
	sim->strict = strict_new();
	sim->dma = dma_new();
	sim->pci = pci_new(sim);
	if (!sim->loop || !sim->strict || !sim->dma || !sim->pci)
		return out_of_memory();
	sim->sources = source_port_new(sim);
	if (!sim->sources)
		return out_of_memory();
	sim->vfio = o->model->serve ? NULL : vfio_user_new(sim, o->socket);
	sim->control = sim->vfio || o->model->serve ? control_new(sim, o->control) : NULL;
	sim->wire = sim->control ? wire_new(sim, o->role, o->wire) : NULL;
	if (!sim->wire)
		return false;
	sim->priv = sim->model->create(sim, sim->mac);
	if (!sim->priv)
		return out_of_memory();
	if (sim->model->serve && !sim->model->serve(sim->priv, o->socket))
		return false;
	if (!set_knobs(sim, o) || !start_dma_log(sim, o->dma_log))
		return false;
	pci_power_on(sim->pci);
	wire_start(sim->wire);
	return true;
}

static void sim_stop(struct nicsim *sim)
{
	if (sim->vfio)
		vfio_user_free(sim->vfio);
	control_free(sim->control);
	sim->model->destroy(sim->priv);
	wire_free(sim->wire);
	source_port_free(sim->sources);
	pci_free(sim->pci);
	dma_free(sim->dma);
	strict_free(sim->strict);
	loop_free(sim->loop);
}

int main(int argc, char **argv)
{
	struct options o = { .mac = { 0x02, 0x6e, 0x73, 0, 0, 1 } };
	static struct nicsim sim;
	struct loop_fd signals;

	if (!parse_command_line(&o, argc, argv))
		return 2;
	if (o.log && !freopen(o.log, "a", stderr)) {
		printf("nicsim: %s: %s\n", o.log, strerror(errno));
		return 1;
	}
	setvbuf(stderr, NULL, _IOLBF, 0);
	if (!sim_start(&sim, &o) || !catch_signals(sim.loop, &signals))
		return 1;
	puts("ready");
	fflush(stdout);
	if (!loop_run(sim.loop))
		return 1;
	close(signals.fd);
	sim_stop(&sim);
	return 0;
}
