/* Devices on the PCI bus: which of them compute, and their names. Pure. */
#ifndef NODEPROBE_PCI_H
#define NODEPROBE_PCI_H

#include "base/bytes.h"

#define PCI_NAME_MAX   64 /* with a NUL */
#define PCI_VENDOR_MAX 32 /* with a NUL */
#define PCI_NVIDIA     0x10de

/* Whether a display adapter is a GPU for this purpose: those of virtual machines and of servers' consoles are not. */
bool pci_is_gpu(uint32_t vendor, uint32_t class_code);
/* A short name; NULL: not one of the well-known. */
const char *pci_vendor(uint32_t vendor);
/* What a pci.ids file says; either is left as it is where it says nothing. */
void pci_lookup(struct nr_bytes pci_ids, uint32_t vendor, uint32_t device, char vendor_name[static PCI_VENDOR_MAX],
                char device_name[static PCI_NAME_MAX]);

#endif
