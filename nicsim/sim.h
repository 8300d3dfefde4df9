/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the framework show each other; models see nicsim.h only. */
#ifndef NICSIM_SIM_H
#define NICSIM_SIM_H

#include "loop.h"
#include "nicsim.h"

struct control;
struct dma;
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

/* unix.c.  sock_listen() takes over the path of a server that is gone, and
 * refuses one that still answers.
 */
#define SOCK_PATH_MAX	107
int sock_listen(const char *path, const char *what);
int sock_accept(int fd);
int sock_connect(const char *path);

/* json.c */
void json_string(FILE *out, const char *text);

/* knob.c; @err has room for KNOB_ERR_LEN bytes */
#define KNOB_ERR_LEN	512
bool knob_set(struct nicsim *sim, const char *name, const char *text, char *err);
void knob_list(struct nicsim *sim, FILE *out);

/* strict.c */
struct strict *strict_new(void);
void strict_free(struct strict *strict);
void strict_clear(struct strict *strict);
void strict_print(struct strict *strict, FILE *out);

/* dma.c: 0 or -errno */
#define DMA_MAX_REGIONS	32768	/* each page is one, where a guest has an IOMMU */
struct dma *dma_new(void);
void dma_free(struct dma *dma);
int dma_map(struct dma *dma, uint64_t iova, uint64_t size, int fd, uint64_t offset,
	    bool readable, bool writable);
int dma_unmap(struct dma *dma, uint64_t iova, uint64_t size);
void dma_unmap_all(struct dma *dma);

/* pci.c */
#define PCI_CFG_SIZE	4096
struct pci *pci_new(struct nicsim *sim);
void pci_free(struct pci *pci);
void pci_power_on(struct pci *pci);
void pci_reset(struct pci *pci);
void pci_stats(struct pci *pci, FILE *out);
bool pci_bus_master(struct pci *pci);
void pci_stick_bus_master(struct pci *pci, bool stuck);
void pci_set_pcie_cap(struct pci *pci, bool there);
bool pci_pcie_cap(struct pci *pci);
bool pci_bus_master_stuck(struct pci *pci);
void pci_config_read(struct pci *pci, uint64_t off, void *buf, size_t len);
void pci_config_write(struct pci *pci, uint64_t off, const void *buf, size_t len);
uint64_t pci_bar_size(struct pci *pci, unsigned int bar);
uint64_t pci_bar_read(struct pci *pci, unsigned int bar, uint64_t off, unsigned int size);
void pci_bar_write(struct pci *pci, unsigned int bar, uint64_t off, uint64_t val,
		   unsigned int size);

/* vfio_user.c */
struct vfio_user *vfio_user_new(struct nicsim *sim, const char *path);
void vfio_user_free(struct vfio_user *vu);
bool vfio_user_connected(struct vfio_user *vu);

/* wire.c */
enum wire_role { WIRE_NONE, WIRE_LISTEN, WIRE_CONNECT };
struct wire *wire_new(struct nicsim *sim, enum wire_role role, const char *path);
void wire_free(struct wire *wire);
void wire_start(struct wire *wire);
void wire_pull(struct wire *wire, bool pulled);
void wire_set_pause(struct wire *wire, bool pause);
bool wire_pause(struct wire *wire);
void wire_rx_ready(struct wire *wire);
void wire_stats(struct wire *wire, FILE *out);

/* source.c */
struct source_port *source_port_new(struct nicsim *sim);
void source_port_free(struct source_port *port);
void source_port_kick(struct source_port *port);
void source_port_rx_ready(struct source_port *port);
void source_port_stats(struct source_port *port, FILE *out);

/* control.c */
struct control *control_new(struct nicsim *sim, const char *path);
void control_free(struct control *ctl);

#endif
