/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One running port and its parts.  main.c puts them together.  A model knows
 * only the pointer to struct nicsim, and the functions in nicsim.h.
 */
#ifndef NICSIM_SIM_H
#define NICSIM_SIM_H

#include "nicsim.h"

struct control;
struct dma;
struct loop;
struct pci;
struct source_port;
struct strict;
struct vfio_user;
struct wire;

struct nicsim {
	const struct nic_model *model;
	void *priv;
	uint8_t mac[6];
	struct loop *loop;
	struct control *control;
	struct dma *dma;
	struct pci *pci;
	struct source_port *sources;
	struct strict *strict;
	struct vfio_user *vfio;
	struct wire *wire;
};

#endif
