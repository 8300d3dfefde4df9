/* SPDX-License-Identifier: GPL-2.0 */
/* The server that QEMU connects to. */
#ifndef NICSIM_BUS_VFIO_USER_H
#define NICSIM_BUS_VFIO_USER_H

#include <stdbool.h>

struct nicsim;
struct vfio_user;

struct vfio_user *vfio_user_new(struct nicsim *sim, const char *path);
void vfio_user_free(struct vfio_user *vu);
bool vfio_user_connected(struct vfio_user *vu);

#endif
