/* SPDX-License-Identifier: GPL-2.0 */
/* The sizes in a file of ../cpu: those parameters that misses depend on. */
#ifndef BENCH_PARAMS_H
#define BENCH_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

enum param {
	L1D_KIB, L1D_WAYS, L2_KIB, L2_WAYS, LLC_KIB, LLC_WAYS, LLC_SLICES, DDIO_WAYS,
	DTLB_4K, DTLB_2M, DTLB_1G, DTLB_WAYS, STLB, STLB_WAYS, STLB_1G, STLB_1G_WAYS,
	PARAMS
};

extern const char * const param_name[PARAMS];

/* False if the file cannot be read, or lacks a parameter.  Others are skipped. */
bool params_read(const char *path, uint32_t val[PARAMS]);

#endif
