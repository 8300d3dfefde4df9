// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "params.h"

const char * const param_name[PARAMS] = {
	[L1D_KIB] = "l1d_kib", [L1D_WAYS] = "l1d_ways",
	[L2_KIB] = "l2_kib", [L2_WAYS] = "l2_ways",
	[LLC_KIB] = "llc_kib", [LLC_WAYS] = "llc_ways",
	[LLC_SLICES] = "llc_slices", [DDIO_WAYS] = "ddio_ways",
	[DTLB_4K] = "dtlb_4k", [DTLB_2M] = "dtlb_2m", [DTLB_1G] = "dtlb_1g",
	[DTLB_WAYS] = "dtlb_ways",
	[STLB] = "stlb", [STLB_WAYS] = "stlb_ways",
	[STLB_1G] = "stlb_1g", [STLB_1G_WAYS] = "stlb_1g_ways",
};

static void take(uint32_t val[PARAMS], const char *name, uint32_t number)
{
	int i;

	for (i = 0; i < PARAMS; i++)
		if (!strcmp(name, param_name[i]))
			val[i] = number;
}

bool params_read(const char *path, uint32_t val[PARAMS])
{
	char line[256], name[32];
	uint32_t number;
	FILE *in;
	int i;

	in = fopen(path, "r");
	if (!in)
		return false;
	memset(val, 0, PARAMS * sizeof(val[0]));
	while (fgets(line, sizeof(line), in))
		if (sscanf(line, "%31[a-z0-9_] %u", name, &number) == 2)
			take(val, name, number);
	fclose(in);
	for (i = 0; i < PARAMS; i++)
		if (!val[i])
			return false;
	return true;
}
