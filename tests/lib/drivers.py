# SPDX-License-Identifier: GPL-2.0
"""What tests have to know of each driver and its device."""

import glob
import os

import netlink

# That of a virtio device is the parent of its own.
PCI = os.path.realpath("/sys/class/net/eth0/device").split("/virtio")[0]
CPUS = os.cpu_count()
VIRTIO_NET_F_HASH_REPORT = 57
# Linux 7.3, where a queue can also be leased to a virtual device
QUEUE_LEASES = int(os.uname().release.split(".", maxsplit=1)[0]) >= 7


def device_id():
    with open(f"{PCI}/device", encoding="ascii") as file:
        return int(file.read(), 16)


class Driver:
    queues = CPUS
    native = True           # it was made for leases
    more_or_less = True     # queues, also during a lease
    counts_missed = True    # what found no descriptor
    rules = True            # by ports, for flows
    table = True            # of RSS

    @staticmethod
    def tells_hash():
        """To an XDP program."""
        return False


class Ixgbe(Driver):
    nic = "82599"
    vectors = CPUS + 1
    interrupts = "eth0"
    errors = ("rx_csum_offload_errors",)
    offloads = ("tso off", "tso on", "tx off", "tx on tso on sg on", "gro off", "gro on",
                "rx off", "rx on")
    vlan_offloads = ("rxvlan off", "txvlan off", "rxvlan on", "txvlan on",
                     "rx-vlan-filter off", "rx-vlan-filter on")
    coalescing = "lro"      # the NIC's, by ethtool's name
    mtus = (9000, 9710, 3000, 1500)
    oversize = 1515         # with the last of mtus
    rings = (64, 4096, 512)
    reset = "ethtool -r {}"
    own_resets = ("ethtool -K eth0 rxvlan off", "ethtool -K eth0 rxvlan on")
    queue_restart = False   # a lease stops the others for a moment, and the link
    counts_buffers = False  # in place of frames, by queue
    reports = False         # frames without a slot are counted at once
    slot_lens = (1024, 2048, 3072, 15360, 16384)
    slot_lens_refused = (1536, 17408)
    small_rings = (64, 8)
    all_ip_queue = 2        # one that RSS can bring all IP to
    post_min = 1            # slots that the NIC takes at a time
    payload_lens = (1024, 4096, 16384)
    split_unreliable = True # header split has to be agreed to
    # it has no operations for one queue
    refuses = {"devmem": "EOPNOTSUPP", "queue lease": "EINVAL" if QUEUE_LEASES else "EOPNOTSUPP"}
    eeprom_magic = 0x10f78086
    eeprom_sum_words = 0x40     # that add up to 0xbaba

    @staticmethod
    def split(sent, length, slot_len, payload_len):
        """Why, and how long the parts of a frame in its first entry are."""
        if length <= slot_len:
            return "short", length, 0
        if sent.headers > slot_len:
            return "too long", slot_len, min(length - slot_len, payload_len)
        return "done", sent.headers, min(length - sent.headers, payload_len)

    @staticmethod
    def channels(count):
        return f"combined {count}"

    @staticmethod
    def queue_packets(stats):
        return [stats[f"rx_queue_{q}_packets"] for q in range(CPUS)]


class X550(Ixgbe):
    nic = "x550"
    split_unreliable = False
    eeprom_magic = 0x15638086
    eeprom_sum_words = 0x42


class Gve(Driver):
    nic = "gve"
    vectors = 2 * 16 + 1
    interrupts = f"@pci:{os.path.basename(PCI)}"
    errors = ("rx_dropped", "rx_desc_err_dropped_pkt")
    offloads = ("tso off", "tso on", "tx off", "tx on tso on sg on", "gro off", "gro on",
                "rx off", "rx on") + \
        (("rx-gro-hw on", "rx-gro-hw off") if QUEUE_LEASES else ("lro on", "lro off"))
    vlan_offloads = ("rxhash off", "rxhash on")
    coalescing = "rx-gro-hw" if QUEUE_LEASES else "lro"
    mtus = (9000, 3000, 1500)
    oversize = 9019         # the device's own limit, which no driver changes
    rings = (256, 4096, 1024)
    reset = "ethtool --reset {} all"
    own_resets = ()
    queue_restart = True
    counts_buffers = True
    reports = True          # frames without a slot are reported every 20 s
    slot_lens = (2048, 4096)
    slot_lens_refused = (1024, 3072, 6144)
    small_rings = (64, 16)
    all_ip_queue = 0        # only TCP and UDP are hashed, no fragments
    post_min = 8
    payload_lens = (2048, 4096)
    split_unreliable = False
    # devmem needs header split, which is off; in 6.12 XDP is for the format GQI-QPL, devmem
    # for drivers with a page pool
    refuses = {"AF_XDP zero-copy": "EOPNOTSUPP", "XDP program": "EOPNOTSUPP",
               "devmem": "EINVAL"} if QUEUE_LEASES else \
        {"AF_XDP zero-copy": "EOPNOTSUPP", "XDP program": "EOPNOTSUPP", "devmem": "ENODATA",
         "queue lease": "EOPNOTSUPP"}

    @staticmethod
    def split(sent, length, slot_len, payload_len):
        if not sent.l4:
            return "unknown", 0, min(length, payload_len)
        if sent.headers > slot_len:
            return "too long", 0, min(length, payload_len)
        if length == sent.headers:
            return "no payload", length, 0
        return "done", sent.headers, min(length - sent.headers, payload_len)

    @staticmethod
    def channels(count):
        return f"rx {count} tx {count}"

    # Buffers, so as long as each frame fits in one.
    @staticmethod
    def queue_packets(stats):
        return [stats.get(f"rx_completed_desc[{q}]", 0) for q in range(CPUS)]


class Qemu(Driver):
    """A NIC that QEMU emulates, with a driver that was not made for leases."""
    native = False
    rules = False
    coalescing = None
    own_resets = ()
    queue_restart = False
    counts_buffers = False
    reports = False
    post_min = 1
    refuses = {"devmem": "EOPNOTSUPP", "queue lease": "EINVAL"}

    @staticmethod
    def channels(count):
        return f"combined {count}"


class Igb(Qemu):
    nic = "igb"
    counts_missed = False   # QEMU's device throws it away
    rings = (80, 4096, 256)
    reset = "ethtool -r {}"
    small_rings = (80, 8)
    all_ip_queue = 2

    @staticmethod
    def queue_packets(stats):
        return [stats[f"rx_queue_{q}_packets"] for q in range(CPUS)]


class Virtio(Qemu):
    nic = "virtio"
    queues = len(glob.glob("/sys/class/net/eth0/queues/rx-*"))
    table = queues > 1
    more_or_less = False
    rings = (64, 1024, 1024)
    reset = None
    small_rings = (64, 8)
    all_ip_queue = min(2, queues - 1)

    @staticmethod
    def tells_hash():
        with open("/sys/class/net/eth0/device/features", encoding="ascii") as file:
            return file.read()[VIRTIO_NET_F_HASH_REPORT] == "1"

    # ethtool -S has nothing of the kind.
    @staticmethod
    def queue_packets(_):
        return netlink.queue_packets("eth0")


NAME = os.path.basename(os.readlink(f"{PCI}/driver"))
DRIVER = {0x10f7: Ixgbe, 0x1563: X550, 0x0042: Gve, 0x10c9: Igb, 0x1041: Virtio}[device_id()]
QUEUES = DRIVER.queues
# gve's driver has stamps since Linux 7.3's
STAMPS_ALL = DRIVER is X550 or DRIVER is Gve and QUEUE_LEASES
