#include "nodeprobe/pci.h"

#include "nodeprobe/text.h"

#define CLASS_DISPLAY 0x03 /* of three bytes, the first */

bool pci_is_gpu(uint32_t vendor, uint32_t class_code)
{
    static const uint32_t others[] = {
        0x1013, /* Cirrus, emulated */
        0x102b, /* Matrox, on servers' boards */
        0x1234, /* QEMU */
        0x126f, /* Silicon Motion, on servers' boards */
        0x1414, /* Hyper-V */
        0x15ad, /* VMware */
        0x18ca, /* XGI, on servers' boards */
        0x19e5, /* Huawei, on servers' boards */
        0x1a03, /* ASPEED, on servers' boards */
        0x1ab8, /* Parallels */
        0x1af4, /* virtio */
        0x1b36, /* QXL */
        0x5853, /* Xen */
        0x80ee, /* VirtualBox */
    };
    if (class_code >> 16 != CLASS_DISPLAY) return false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i] == vendor) return false;
    return true;
}

const char *pci_vendor(uint32_t vendor)
{
    switch (vendor) {
    case 0x1002: return "AMD";
    case 0x8086: return "Intel";
    case PCI_NVIDIA: return "NVIDIA";
    case 0x1ed5: return "Moore Threads";
    default: return NULL;
    }
}

/* "1002  Advanced…": four digits, two blanks, a name. */
static bool numbered(struct nr_bytes line, uint32_t *number, struct nr_bytes *name)
{
    if (line.len < 7 || !text_hex(nr_bytes(line.data, 4), number) || line.data[4] != ' ') return false;
    *name = nr_bytes(line.data + 5, line.len - 5);
    return true;
}

void pci_lookup(struct nr_bytes pci_ids, uint32_t vendor, uint32_t device, char vendor_name[static PCI_VENDOR_MAX],
                char device_name[static PCI_NAME_MAX])
{
    struct nr_bytes line, name;
    uint32_t number;
    bool inside = false;
    while (text_line(&pci_ids, &line)) {
        if (line.len == 0 || *line.data == '#' || text_starts(line, "\t\t")) continue;
        bool below = *line.data == '\t';
        if (!below && inside) return;
        if (below) line = nr_bytes(line.data + 1, line.len - 1);
        if ((below && !inside) || !numbered(line, &number, &name)) continue;
        if (!below && number == vendor) {
            inside = true;
            text_copy(vendor_name, PCI_VENDOR_MAX, name);
        } else if (below && number == device) {
            text_copy(device_name, PCI_NAME_MAX, name);
            return;
        }
    }
}
