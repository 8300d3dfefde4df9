// SPDX-License-Identifier: GPL-2.0
/* Knobs, for `set` and --set: those of the model, and those that every model has. */
#include <string.h>

#include "bus/pci.h"
#include "control/control.h"
#include "json.h"
#include "sim.h"
#include "wire/wire.h"

static const struct nic_knob wire_pause_knob = { .name = "wire-pause", .max = 1 };
static const struct nic_knob stuck_knob = { .name = "bus-master-stuck", .max = 1 };
static const struct nic_knob pcie_knob = { .name = "pcie-cap", .max = 1 };

static uint64_t *knob_value(struct nicsim *sim, const struct nic_knob *knob)
{
	return (uint64_t *)((char *)sim->priv + knob->offset);
}

void knob_list(struct nicsim *sim, FILE *out)
{
	const struct nic_knob *knob;
	uint64_t val;

	fprintf(out, ",\"knobs\":{\"wire-pause\":%d,\"bus-master-stuck\":%d,\"pcie-cap\":%d",
		wire_get_pause(sim->wire), pci_bus_master_stuck(sim->pci),
		pci_has_pcie_cap(sim->pci));
	for (knob = sim->model->knobs; knob && knob->name; knob++) {
		val = *knob_value(sim, knob);
		fprintf(out, ",\"%s\":", knob->name);
		if (knob->names)
			json_string(out, knob->names[val]);
		else
			fprintf(out, "%ju", (uintmax_t)val);
	}
	fputc('}', out);
}

static const struct nic_knob *knob_find(struct nicsim *sim, const char *name)
{
	const struct nic_knob *knob = sim->model->knobs;

	if (!strcmp(name, wire_pause_knob.name))
		return &wire_pause_knob;
	if (!strcmp(name, stuck_knob.name))
		return &stuck_knob;
	if (!strcmp(name, pcie_knob.name))
		return &pcie_knob;
	while (knob && knob->name && strcmp(knob->name, name))
		knob++;
	return knob && knob->name ? knob : NULL;
}

static bool knob_parse(const struct nic_knob *knob, const char *text, uint64_t *val, char *err)
{
	if (knob->names) {
		for (*val = knob->min; *val <= knob->max; ++*val)
			if (!strcmp(knob->names[*val], text))
				return true;
		snprintf(err, KNOB_ERR_LEN, "set %s: no value '%.99s'", knob->name, text);
		return false;
	}
	if (!parse_u64(text, val)) {
		snprintf(err, KNOB_ERR_LEN, "usage: set %s NUMBER", knob->name);
		return false;
	}
	if (*val >= knob->min && *val <= knob->max)
		return true;
	snprintf(err, KNOB_ERR_LEN, "set %s: %ju is not from %ju to %ju", knob->name,
		 (uintmax_t)*val, (uintmax_t)knob->min, (uintmax_t)knob->max);
	return false;
}

bool knob_set(struct nicsim *sim, const char *name, const char *text, char *err)
{
	const struct nic_knob *knob = knob_find(sim, name);
	uint64_t val;

	if (!knob) {
		snprintf(err, KNOB_ERR_LEN, "set: no knob '%.99s'; `set` alone lists them", name);
		return false;
	}
	if (!knob_parse(knob, text, &val, err))
		return false;
	if (knob == &wire_pause_knob) {
		wire_set_pause(sim->wire, val);
		return true;
	}
	if (knob == &stuck_knob) {
		pci_set_bus_master_stuck(sim->pci, val);
		return true;
	}
	if (knob == &pcie_knob) {
		pci_set_pcie_cap(sim->pci, val);
		return true;
	}
	*knob_value(sim, knob) = val;
	if (sim->model->knob_changed)
		sim->model->knob_changed(sim->priv);
	return true;
}
