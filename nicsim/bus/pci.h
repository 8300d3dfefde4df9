/* SPDX-License-Identifier: GPL-2.0 */
/* The PCI function: config space, BARs, resets. */
#ifndef NICSIM_BUS_PCI_H
#define NICSIM_BUS_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PCI_CFG_SIZE	4096

struct nicsim;
struct pci;

struct pci *pci_new(struct nicsim *sim);
void pci_free(struct pci *pci);
void pci_power_on(struct pci *pci);
void pci_reset(struct pci *pci);
void pci_stats(struct pci *pci, FILE *out);
bool pci_bus_master(struct pci *pci);

/* Faults of the function, for the control socket. */
void pci_set_bus_master_stuck(struct pci *pci, bool stuck);
bool pci_bus_master_stuck(struct pci *pci);
void pci_set_pcie_cap(struct pci *pci, bool there);
bool pci_has_pcie_cap(struct pci *pci);

/* Accesses of the client, which has checked that they are inside. */
void pci_config_read(struct pci *pci, uint64_t off, void *buf, size_t len);
void pci_config_write(struct pci *pci, uint64_t off, const void *buf, size_t len);
uint64_t pci_bar_size(struct pci *pci, unsigned int bar);
uint64_t pci_bar_read(struct pci *pci, unsigned int bar, uint64_t off, unsigned int size);
void pci_bar_write(struct pci *pci, unsigned int bar, uint64_t off, uint64_t val,
		   unsigned int size);

#endif
