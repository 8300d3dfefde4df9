// SPDX-License-Identifier: GPL-2.0
#include <linux/export.h>
#include <linux/pci.h>
#include <net/packet_direct_pci.h>

bool packet_direct_stop_dma(struct pci_dev *pdev)
{
	bool stopped;
	u16 command;

	pci_clear_master(pdev);
	if (pci_read_config_word(pdev, PCI_COMMAND, &command) ||
	    command == U16_MAX || (command & PCI_COMMAND_MASTER))
		return false;

	/* somebody else resets it */
	if (!pci_cfg_access_trylock(pdev))
		return false;
	pci_save_state(pdev);
	stopped = !pcie_reset_flr(pdev, PCI_RESET_DO_RESET);
	pci_restore_state(pdev);
	pci_cfg_access_unlock(pdev);
	return stopped;
}
EXPORT_SYMBOL_GPL(packet_direct_stop_dma);
