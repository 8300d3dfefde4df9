/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PACKET_RX_DIRECT: a library for drivers of PCI devices.
 */
#ifndef _NET_PACKET_DIRECT_PCI_H
#define _NET_PACKET_DIRECT_PCI_H

#include <linux/types.h>

struct pci_dev;

/**
 * packet_direct_stop_dma() - the last means against a device that does not stop
 * @pdev: device, which its driver gives up
 *
 * Takes bus mastering away.  The driver turns it on again when it is loaded anew,
 * before it resets the device.  No old queue may run then, so the function is reset.
 *
 * Context: may sleep.
 * Return: true when it is certain that no queue of now does DMA any more.
 */
bool packet_direct_stop_dma(struct pci_dev *pdev);

#endif /* _NET_PACKET_DIRECT_PCI_H */
