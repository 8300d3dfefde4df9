# SPDX-License-Identifier: GPL-2.0
"""The QEMU command line of a guest."""

import json
import os

import tsc

CONSOLE = ("console=ttyS0", "oops=panic", "panic=-1", "panic_print=0x40")
# An emulated CPU walks through "rep" byte by byte; without these flags the guest
# takes its unrolled loops for memset and memcpy.
NO_REP = "max,-erms,-fsrm,-fsrs,-fsrc,-fzrm"
# What a test does not send itself is not on the wire: links have no IPv6, in any
# namespace (a new one does not take over the setting of the first), and no device
# is there unasked.
QUIET = ("ipv6.disable_ipv6=1", "dummy.numdummies=0", "bonding.max_bonds=0")
ROOT = ("root=root", "rootfstype=9p", "ro",
        "rootflags=trans=virtio,version=9p2000.L,msize=512000,cache=loose")


# A system of its own, on its own disk, behind an NVMe controller.
DISK_ROOT = ("root=/dev/nvme0n1", "rw")


def kernel_line(options, kind, run):
    if options.system:
        words = [*CONSOLE, *DISK_ROOT]
    else:
        words = [*CONSOLE, *ROOT, *QUIET, f"init={options.project}/testbed/guest-init"]
    words += ["tsc=reliable", "mitigations=off", f"PD_PROJECT={options.project}",
              f"PD_KERNEL={options.kernel}", f"PD_RUN={run}"]
    # With counted instructions it is the guest's own, and exact.
    if kind == "tcg" and not options.icount and (khz := tsc.khz()):
        words.append(f"tsc_early_khz={khz}")
    if options.kmemleak:
        words.append("PD_KMEMLEAK=1")
    if options.terminal:
        words += [f"PD_COLS={options.terminal.columns}",
                  f"PD_ROWS={options.terminal.lines}"]
    if options.append:
        words.append(options.append)
    return " ".join(words)


def accel(options, kind):
    if kind == "kvm":
        return ["-accel", "kvm", "-cpu", cpu("host", options)]
    if options.icount:
        return ["-accel", "tcg", "-icount", f"shift={options.icount}",
                "-cpu", cpu(NO_REP, options)]
    return ["-accel", "tcg,thread=multi", "-cpu", cpu(NO_REP, options)]


def cpu(model, options):
    return f"{model},{options.cpuflags}" if options.cpuflags else model


def nic_device(nic, options):
    """Fixed PCI addresses, so that port 0 is always eth0."""
    device = {"id": f"nic{nic.number}", "bus": "pcie.0", "addr": f"{nic.slot:x}"}
    backend = []
    if nic.device:
        device |= nic.device | {"netdev": f"net{nic.number}", "mac": nic.mac}
        if nic.queues:
            device["vectors"] = 2 * len(nic.queues) + 2
        backend = ["-netdev", f"{nic.backend()},id=net{nic.number}"]
    else:
        device |= {"driver": "vfio-user-pci", "socket": {"type": "unix", "path": nic.socket}}
        if options.icount or options.sync_writes:
            device["x-no-posted-writes"] = True
    return [*backend, "-device", json.dumps(device),
            "-chardev", f"socket,id=ctl{nic.number},path={nic.control}",
            "-device", f"virtserialport,chardev=ctl{nic.number},name=nicsim{nic.number}"]


def share(tag, path, readonly):
    return ["-fsdev", f"local,id={tag},path={path},security_model=none,"
            f"multidevs=remap,readonly={'on' if readonly else 'off'}",
            "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]


def system_disk(options):
    """Nothing is written to it: what the guest writes is lost at its end."""
    if not options.system:
        return share("root", "/", True)
    return ["-initrd", os.path.join(options.system, "initrd.img"), "-drive",
            f"if=none,id=disk,format=raw,snapshot=on,file={options.system}/disk.img",
            "-device", "nvme,drive=disk,serial=system"]


def command(options, kind, run, nics, ports):
    """ports: name -> file descriptor of QEMU's end."""
    argv = ["setpriv", "--pdeathsig", "KILL",
            os.path.join(options.project, "build/qemu/qemu"),
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-M", "q35,memory-backend=mem",
            "-object", f"memory-backend-memfd,id=mem,size={options.mem},share=on",
            *accel(options, kind), "-smp", str(options.cpus), "-m", options.mem,
            "-kernel", options.image, "-append", kernel_line(options, kind, run),
            *system_disk(options), *share("project", options.project, False),
            "-chardev", f"socket,id=con,fd={ports['console']},"
            f"logfile={run}/console.log", "-serial", "chardev:con",
            "-chardev", f"socket,id=mon,fd={ports['monitor']}",
            "-mon", "chardev=mon,mode=control",
            "-device", "virtio-serial-pci,max_ports=16"]
    if options.terminal:
        argv += ["-chardev", "stdio,id=tty,mux=on,signal=off",
                 "-device", "virtconsole,chardev=tty"]
    for name in ("pd.in", "pd.out", "pd.err", "pd.status"):
        if name in ports:
            argv += ["-chardev", f"socket,id={name},fd={ports[name]}",
                     "-device", f"virtserialport,chardev={name},name={name}"]
    if options.iommu:
        # what it is to translate for has to come after it
        argv += ["-device", "intel-iommu,caching-mode=on"]
    for nic in nics:
        argv += nic_device(nic, options)
    return argv + options.qemu_args
