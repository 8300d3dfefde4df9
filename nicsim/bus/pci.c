// SPDX-License-Identifier: GPL-2.0
/*
 * Config space and what it controls: bus mastering, function reset, the MSI-X
 * table.  QEMU keeps BARs and an MSI-X table of its own, and also passes every
 * config write on to us, so both sides see the same registers.  Another client
 * may rely on our registers alone.
 */
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "bus/pci.h"
#include "bytes.h"
#include "sim.h"

#define MSIX_PBA_OFFSET		0x2000
#define MSIX_ENTRY_SIZE		16
#define MSIX_ENTRY_CTRL		12

struct pci {
	struct nicsim *sim;
	uint8_t config[PCI_CFG_SIZE];
	uint8_t wmask[PCI_CFG_SIZE];
	uint8_t power_on[PCI_CFG_SIZE];
	uint8_t *msix;		/* the table, then the pending bits */
	size_t table_size, pba_size;
	uint64_t resets;
};

uint8_t *nicsim_config(struct nicsim *sim)
{
	return sim->pci->config;
}

uint8_t *nicsim_config_wmask(struct nicsim *sim)
{
	return sim->pci->wmask;
}

static void setup_ids(struct pci *pci)
{
	const struct nic_model *m = pci->sim->model;
	uint8_t *c = pci->config;

	put_le16(c + PCI_VENDOR_ID, m->vendor);
	put_le16(c + PCI_DEVICE_ID, m->device);
	c[PCI_REVISION_ID] = m->revision;
	c[PCI_CLASS_PROG] = (uint8_t)m->class_code;
	put_le16(c + PCI_CLASS_DEVICE, m->class_code >> 8);
	put_le16(c + PCI_SUBSYSTEM_VENDOR_ID, m->subvendor);
	put_le16(c + PCI_SUBSYSTEM_ID, m->subdevice);
	put_le16(pci->wmask + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
	      PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
	      PCI_COMMAND_INTX_DISABLE);
	pci->wmask[PCI_CACHE_LINE_SIZE] = 0xff;
	pci->wmask[PCI_INTERRUPT_LINE] = 0xff;
}

static void setup_bars(struct pci *pci)
{
	const struct nic_bar *bar = pci->sim->model->bar;
	uint64_t mask;
	int i, at;

	for (i = 0; i < NIC_NUM_BARS; i++) {
		at = PCI_BASE_ADDRESS_0 + 4 * i;
		if (!bar[i].size)
			continue;
		mask = ~(bar[i].size - 1) & ~0xfull;
		put_le32(pci->wmask + at, (uint32_t)mask);
		if (!bar[i].mem64)
			continue;
		put_le32(pci->config + at, PCI_BASE_ADDRESS_MEM_TYPE_64);
		put_le32(pci->wmask + at + 4, (uint32_t)(mask >> 32));
		i++;
	}
}

static void setup_pm(uint8_t *c, uint8_t *w)
{
	c[PCI_CAP_LIST_ID] = PCI_CAP_ID_PM;
	put_le16(c + PCI_PM_PMC, 3);
	put_le16(w + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
}

static void setup_msix(struct pci *pci, uint8_t *c, uint8_t *w)
{
	const struct nic_model *m = pci->sim->model;

	c[PCI_CAP_LIST_ID] = PCI_CAP_ID_MSIX;
	put_le16(c + PCI_MSIX_FLAGS, m->msix_vectors - 1);
	put_le32(c + PCI_MSIX_TABLE, m->msix_bar);
	put_le32(c + PCI_MSIX_PBA, MSIX_PBA_OFFSET | m->msix_bar);
	put_le16(w + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
}

/* A gen 2 x8 endpoint that can be reset by itself. */
static void setup_pcie(uint8_t *c, uint8_t *w)
{
	uint32_t link = PCI_EXP_LNKCAP_SLS_5_0GB | 8 << 4;

	c[PCI_CAP_LIST_ID] = PCI_CAP_ID_EXP;
	put_le16(c + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_ENDPOINT << 4);
	put_le32(c + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_FLR | PCI_EXP_DEVCAP_RBER | 2);
	put_le16(c + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN |
	      PCI_EXP_DEVCTL_READRQ_512B);
	put_le16(w + PCI_EXP_DEVCTL, 0x7fff);
	put_le32(c + PCI_EXP_LNKCAP, link);
	put_le16(c + PCI_EXP_LNKSTA, link);
	put_le16(w + PCI_EXP_LNKCTL, PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_RCB |
	      PCI_EXP_LNKCTL_CCC);
	put_le32(c + PCI_EXP_DEVCAP2, PCI_EXP_DEVCAP2_COMP_TMOUT_DIS | 0xf);
	put_le16(w + PCI_EXP_DEVCTL2, PCI_EXP_DEVCTL2_COMP_TIMEOUT |
	      PCI_EXP_DEVCTL2_COMP_TMOUT_DIS);
	put_le16(c + PCI_EXP_LNKCTL2, PCI_EXP_LNKCTL2_TLS_5_0GT);
}

static void setup_caps(struct pci *pci)
{
	const struct nic_model *m = pci->sim->model;
	uint8_t *c = pci->config, *w = pci->wmask;
	uint8_t *next = c + PCI_CAPABILITY_LIST;

	c[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	if (m->pm_cap_offset) {
		setup_pm(c + m->pm_cap_offset, w + m->pm_cap_offset);
		*next = m->pm_cap_offset;
		next = c + m->pm_cap_offset + PCI_CAP_LIST_NEXT;
	}
	if (m->msix_cap_offset) {
		setup_msix(pci, c + m->msix_cap_offset, w + m->msix_cap_offset);
		*next = m->msix_cap_offset;
		next = c + m->msix_cap_offset + PCI_CAP_LIST_NEXT;
	}
	if (m->pcie_cap_offset) {
		setup_pcie(c + m->pcie_cap_offset, w + m->pcie_cap_offset);
		*next = m->pcie_cap_offset;
	}
}

struct pci *pci_new(struct nicsim *sim)
{
	struct pci *pci = calloc(1, sizeof(*pci));

	if (!pci)
		return NULL;
	pci->sim = sim;
	pci->table_size = (size_t)sim->model->msix_vectors * MSIX_ENTRY_SIZE;
	pci->pba_size = (sim->model->msix_vectors + 63) / 64 * 8;
	pci->msix = calloc(1, pci->table_size + pci->pba_size + 1);
	if (!pci->msix) {
		free(pci);
		return NULL;
	}
	setup_ids(pci);
	setup_bars(pci);
	setup_caps(pci);
	return pci;
}

void pci_free(struct pci *pci)
{
	free(pci->msix);
	free(pci);
}

static void msix_reset(struct pci *pci)
{
	unsigned int i;

	memset(pci->msix, 0, pci->table_size + pci->pba_size);
	for (i = 0; i < pci->sim->model->msix_vectors; i++)
		pci->msix[i * MSIX_ENTRY_SIZE + MSIX_ENTRY_CTRL] = PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

/* Called after create(), which may have added capabilities. */
void pci_power_on(struct pci *pci)
{
	memcpy(pci->power_on, pci->config, sizeof(pci->power_on));
	msix_reset(pci);
}

void pci_reset(struct pci *pci)
{
	struct nicsim *sim = pci->sim;
	bool master = pci_bus_master(pci);

	pci->resets++;
	memcpy(pci->config, pci->power_on, sizeof(pci->config));
	msix_reset(pci);
	if (master && sim->model->bus_master)
		sim->model->bus_master(sim->priv, false);
	sim->model->reset(sim->priv);
}

static bool pm_in_d3(struct pci *pci)
{
	uint8_t at = pci->sim->model->pm_cap_offset;

	return at && (pci->config[at + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK) == 3;
}

/* A device in D3hot has its configuration space and nothing else. */
bool pci_bus_master(struct pci *pci)
{
	return (pci->config[PCI_COMMAND] & PCI_COMMAND_MASTER) && !pm_in_d3(pci);
}

/* While stuck, the bit stays as it is, whatever the driver writes to it. */
void pci_set_bus_master_stuck(struct pci *pci, bool stuck)
{
	if (stuck)
		pci->wmask[PCI_COMMAND] &= ~PCI_COMMAND_MASTER;
	else
		pci->wmask[PCI_COMMAND] |= PCI_COMMAND_MASTER;
}

bool pci_bus_master_stuck(struct pci *pci)
{
	return !(pci->wmask[PCI_COMMAND] & PCI_COMMAND_MASTER);
}

/* Sets a byte that a reset does not change. */
static void strap(struct pci *pci, unsigned int off, uint8_t val)
{
	pci->config[off] = val;
	pci->power_on[off] = val;
}

void nicsim_set_revision(struct nicsim *sim, uint8_t revision)
{
	strap(sim->pci, PCI_REVISION_ID, revision);
}

/* A capability that is taken away leaves one with ID 0 in its place, because QEMU
 * has its own copy of the list of capabilities.
 */
void pci_set_pcie_cap(struct pci *pci, bool there)
{
	uint8_t at = pci->sim->model->pcie_cap_offset;

	if (at)
		strap(pci, at + PCI_CAP_LIST_ID, there ? PCI_CAP_ID_EXP : 0);
}

bool pci_has_pcie_cap(struct pci *pci)
{
	uint8_t at = pci->sim->model->pcie_cap_offset;

	return at && pci->config[at + PCI_CAP_LIST_ID] == PCI_CAP_ID_EXP;
}

void pci_config_read(struct pci *pci, uint64_t off, void *buf, size_t len)
{
	memcpy(buf, pci->config + off, len);
}

/* Writes the register, then does what the write asks for: a reset by the FLR bit,
 * which never reads as set, or by leaving D3hot.
 */
void pci_config_write(struct pci *pci, uint64_t off, const void *buf, size_t len)
{
	const struct nic_model *m = pci->sim->model;
	bool master = pci_bus_master(pci), d3 = pm_in_d3(pci);
	uint64_t flr = m->pcie_cap_offset + PCI_EXP_DEVCTL + 1;
	const uint8_t *from = buf;
	size_t i;

	for (i = 0; i < len; i++) {
		pci->config[off + i] &= (uint8_t)~pci->wmask[off + i];
		pci->config[off + i] |= from[i] & pci->wmask[off + i];
	}
	if (pci_has_pcie_cap(pci) && flr >= off && flr - off < len &&
	    from[flr - off] & (PCI_EXP_DEVCTL_BCR_FLR >> 8)) {
		pci_reset(pci);
		return;
	}
	if (d3 && !pm_in_d3(pci)) {
		pci_reset(pci);
		return;
	}
	if (master != pci_bus_master(pci) && m->bus_master)
		m->bus_master(pci->sim->priv, !master);
}

void pci_stats(struct pci *pci, FILE *out)
{
	fprintf(out, "\"resets\":%ju", (uintmax_t)pci->resets);
}

uint64_t pci_bar_size(struct pci *pci, unsigned int bar)
{
	return pci->sim->model->bar[bar].size;
}

/* The bytes of the MSI-X table or the pending bits at an offset, or NULL. */
static uint8_t *msix_bytes(struct pci *pci, unsigned int bar, uint64_t off, bool *table)
{
	const struct nic_model *m = pci->sim->model;

	if (!m->msix_vectors || bar != m->msix_bar)
		return NULL;
	*table = off < pci->table_size;
	if (*table)
		return pci->msix + off;
	if (off >= MSIX_PBA_OFFSET && off - MSIX_PBA_OFFSET < pci->pba_size)
		return pci->msix + pci->table_size + (off - MSIX_PBA_OFFSET);
	return NULL;
}

static bool bar_asleep(struct pci *pci, unsigned int bar, uint64_t off, const char *what)
{
	if (!pm_in_d3(pci))
		return false;
	nicsim_strict(pci->sim, "%s BAR %u at %#jx in D3hot", what, bar, (uintmax_t)off);
	return true;
}

uint64_t pci_bar_read(struct pci *pci, unsigned int bar, uint64_t off, unsigned int size)
{
	struct nicsim *sim = pci->sim;
	uint64_t val = 0;
	uint8_t *bytes;
	bool table;

	if (bar_asleep(pci, bar, off, "read of"))
		return UINT64_MAX >> (64 - 8 * size);
	bytes = msix_bytes(pci, bar, off, &table);
	if (!bytes)
		return sim->model->bar_read(sim->priv, bar, off, size);
	memcpy(&val, bytes, size);
	return val;
}

void pci_bar_write(struct pci *pci, unsigned int bar, uint64_t off, uint64_t val,
		   unsigned int size)
{
	struct nicsim *sim = pci->sim;
	uint8_t *bytes;
	bool table;

	if (bar_asleep(pci, bar, off, "write to"))
		return;
	bytes = msix_bytes(pci, bar, off, &table);
	if (!bytes)
		sim->model->bar_write(sim->priv, bar, off, val, size);
	else if (table)
		memcpy(bytes, &val, size);
}
