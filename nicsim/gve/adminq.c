// SPDX-License-Identifier: GPL-2.0
/*
 * The admin queue.  The doorbell is the number of commands that the driver has
 * written so far.  Each command is run at once.  Then its status is written, and the
 * event counter goes up.
 */
#include "gve/gve.h"

struct command {
	uint32_t opcode;
	enum gve_aq_status (*run)(struct gve *nic, const uint8_t *cmd);
	bool needs_resources;
};

static const struct command commands[] = {
	{ AQ_DESCRIBE_DEVICE, gve_describe_device, false },
	{ AQ_CONFIGURE_RESOURCES, gve_configure_resources, false },
	{ AQ_REGISTER_PAGE_LIST, gve_register_pages, true },
	{ AQ_UNREGISTER_PAGE_LIST, gve_unregister_pages, true },
	{ AQ_CREATE_TX_QUEUE, gve_create_tx, true },
	{ AQ_CREATE_RX_QUEUE, gve_create_rx, true },
	{ AQ_DESTROY_TX_QUEUE, gve_destroy_tx, true },
	{ AQ_DESTROY_RX_QUEUE, gve_destroy_rx, true },
	{ AQ_DECONFIGURE_RESOURCES, gve_deconfigure_resources, true },
	{ AQ_CONFIGURE_RSS, gve_configure_rss, true },
	{ AQ_SET_DRIVER_PARAMETER, gve_set_parameter, false },
	{ AQ_REPORT_STATS, gve_report_stats, true },
	{ AQ_REPORT_LINK_SPEED, gve_link_speed, false },
	{ AQ_GET_PTYPE_MAP, gve_get_ptype_map, false },
	{ AQ_VERIFY_DRIVER, gve_verify_driver, false },
	{ AQ_QUERY_FLOW_RULES, gve_query_flow, true },
	/* the driver goes on with it while it gives the resources up */
	{ AQ_REPORT_NIC_TIMESTAMP, gve_report_clock, false },
	{ AQ_QUERY_RSS, gve_query_rss, true },
};

/* A command that is too long for the queue is elsewhere in memory. */
static enum gve_aq_status run_extended(struct gve *nic, const uint8_t *cmd)
{
	uint32_t opcode = get_be32(cmd), len = get_be32(cmd + 4);
	uint8_t inner[128];

	if (opcode != AQ_CONFIGURE_FLOW_RULE) {
		nicsim_strict(nic->sim, "admin queue: unknown extended command %#x", opcode);
		return AQ_UNIMPLEMENTED;
	}
	if (len > sizeof(inner)) {
		nicsim_strict(nic->sim, "admin queue: extended command %#x of %u bytes", opcode,
			      len);
		return AQ_INVALID_ARGUMENT;
	}
	if (!nicsim_dma_read(nic->sim, get_be64(cmd + 8), inner, len, "extended command"))
		return AQ_INTERNAL_ERROR;
	return gve_configure_flow(nic, inner, len);
}

static enum gve_aq_status run(struct gve *nic, const uint8_t *cmd)
{
	uint32_t opcode = get_be32(cmd);
	unsigned int i;

	if (opcode == AQ_EXTENDED)
		return run_extended(nic, cmd + AQ_PARAM);
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (commands[i].opcode != opcode)
			continue;
		if (!commands[i].needs_resources || nic->res.configured)
			return commands[i].run(nic, cmd + AQ_PARAM);
		nicsim_strict(nic->sim, "admin queue: command %#x before device resources",
			      opcode);
		return AQ_FAILED_PRECONDITION;
	}
	nicsim_strict(nic->sim, "admin queue: unknown command %#x", opcode);
	return AQ_UNIMPLEMENTED;
}

static void run_next(struct gve *nic)
{
	uint32_t slots = nic->aq.length / AQ_COMMAND_SIZE;
	uint64_t addr = nic->aq.base + nic->aq.counter % slots * AQ_COMMAND_SIZE;
	uint8_t cmd[AQ_COMMAND_SIZE], status[4];

	nic->aq_commands++;
	if (nicsim_dma_read(nic->sim, addr, cmd, sizeof(cmd), "admin command")) {
		put_be32(status, run(nic, cmd));
		nicsim_dma_write(nic->sim, addr + 4, status, sizeof(status), "admin status");
	}
	nicsim_dma_barrier();
	nic->aq.counter++;
}

void gve_aq_doorbell(struct gve *nic, uint32_t val)
{
	uint32_t waiting = val - nic->aq.counter;

	if (!nic->aq.running) {
		nicsim_strict(nic->sim, "admin queue: doorbell while it is not running");
		return;
	}
	if (waiting > nic->aq.length / AQ_COMMAND_SIZE) {
		nicsim_strict(nic->sim, "admin queue: doorbell %u, but the counter is %u", val,
			      nic->aq.counter);
		return;
	}
	if (fault_due(&nic->fault, FAULT_NO_COMMANDS, nic->fault.queue))
		return;
	while (nic->aq.counter != val)
		run_next(nic);
	gve_queues_check(nic);
	gve_queues_late_faults(nic);
}
