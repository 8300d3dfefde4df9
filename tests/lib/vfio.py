# SPDX-License-Identifier: GPL-2.0
"""A PCI device that vfio-pci has, and its BARs as dma-bufs (Linux 7.3)."""

import fcntl
import mmap
import os
import struct

from guest import until

DEVICES, PROBE = "/sys/bus/pci/devices", "/sys/bus/pci/drivers_probe"
NOIOMMU = "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"
(SET_IOMMU, SET_CONTAINER, GET_DEVICE_FD, GET_REGION_INFO, DEVICE_RESET,
 DEVICE_FEATURE) = (0x3b64 + n for n in (2, 4, 6, 8, 11, 17))
NOIOMMU_IOMMU = 8
FEATURE_GET, FEATURE_DMA_BUF = 1 << 16, 11
CONFIG_REGION, COMMAND, COMMAND_MEMORY = 7, 4, 1 << 1


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def find(vendor, device):
    """The address of a device of that kind."""
    for address in sorted(os.listdir(DEVICES)):
        with open(f"{DEVICES}/{address}/vendor", encoding="ascii") as file:
            this = int(file.read(), 16)
        with open(f"{DEVICES}/{address}/device", encoding="ascii") as file:
            if (this, int(file.read(), 16)) == (vendor, device):
                return address
    return None


def bind(address):
    """Give it to vfio-pci, without an IOMMU."""
    write(NOIOMMU, "1")
    write(f"{DEVICES}/{address}/driver_override", "vfio-pci")
    write(PROBE, address)
    until("vfio-pci has it", lambda: os.path.exists(f"{DEVICES}/{address}/iommu_group"))


class Device:
    """The device, opened. Nobody else can open it meanwhile."""

    def __init__(self, address):
        group = os.path.basename(os.readlink(f"{DEVICES}/{address}/iommu_group"))
        self.container = os.open("/dev/vfio/vfio", os.O_RDWR)
        self.group = os.open(f"/dev/vfio/noiommu-{group}", os.O_RDWR)
        fcntl.ioctl(self.group, SET_CONTAINER, struct.pack("=i", self.container))
        fcntl.ioctl(self.container, SET_IOMMU, NOIOMMU_IOMMU)
        self.fd = fcntl.ioctl(self.group, GET_DEVICE_FD,
                              bytearray(address.encode() + b"\0"))

    def region(self, index):
        """Where a region begins in the file, and its bytes."""
        info = bytearray(struct.pack("=4I2Q", 32, 0, index, 0, 0, 0))
        fcntl.ioctl(self.fd, GET_REGION_INFO, info)
        _, _, _, _, size, offset = struct.unpack("=4I2Q", info)
        return offset, size

    def export(self, index, size):
        """The file of a dma-buf of the first bytes of a BAR."""
        ask = struct.pack("=2I4I2Q", 40, FEATURE_GET | FEATURE_DMA_BUF, index,
                          os.O_RDWR | os.O_CLOEXEC, 0, 1, 0, size)
        return fcntl.ioctl(self.fd, DEVICE_FEATURE, bytearray(ask))

    def map(self, index, size):
        offset, _ = self.region(index)
        return mmap.mmap(self.fd, size, offset=offset)

    def reset(self):
        fcntl.ioctl(self.fd, DEVICE_RESET)

    def set_memory(self, on):
        """Turn the device's BARs on or off, as a driver in user space would."""
        at = self.region(CONFIG_REGION)[0] + COMMAND
        command, = struct.unpack("=H", os.pread(self.fd, 2, at))
        command = command | COMMAND_MEMORY if on else command & ~COMMAND_MEMORY
        os.pwrite(self.fd, struct.pack("=H", command), at)

    def close(self):
        for fd in (self.fd, self.group, self.container):
            os.close(fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
