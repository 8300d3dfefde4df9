# SPDX-License-Identifier: GPL-2.0
"""The places of litmus.py's barriers in the code. There are no other barriers."""

import os
import re
import subprocess

TOP = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../..")
PROTOCOL = "include/uapi/linux/if_packet_v4.h"
POOL, RING = "net/packet/direct_pool.c", "net/packet/direct_ring.c"
INLINE = "net/packet/direct.h"
QUEUE = "include/net/packet_direct_queue.h"
SOCKET, STATS = "net/packet/direct.c", "net/packet/direct_stats.c"
COPY = "net/packet/direct_copy.c"
GVE = "drivers/net/ethernet/google/gve/gve_direct_rx.c"
IXGBE = "drivers/net/ethernet/intel/ixgbe/ixgbe_direct_rx.c"
PCAP, PCAP_READ = "libpcap-patch/pcap-packet4-int.h", "libpcap-patch/pcap-packet4-read.c"
VERBS, BENCH = "tools/testing/selftests/net/packet_direct/tpacket4.h", "bench/rx/packet4.c"
EXAMPLE, DMABUF = "README.md", "tools/packet4_dmabuf/main.c"
MANUAL = "Documentation/networking/packet_direct.rst"

# Barriers that are not in this tree: the kernel's own, and an application's.
ELSEWHERE = {"sock_poll_wait", "queue_work", "reader"}

# Barrier, file, and the code that stands there once. A space is any space, /*...*/ is any
# comment. Accesses to an index without a barrier are here too.
SITES = [
    ("A", INLINE, "smp_store_release(&pdq->ctrl->prod, prod); /* A, pairs with B */"),
    ("B", VERBS, "if (ring->prod == ring->next) /* (B) pairs with (A) */ ring->prod = "
                 "__atomic_load_n(&ring->ctrl->prod, __ATOMIC_ACQUIRE); return"),
    ("B", VERBS, "{ /* (B) pairs with (A) */ ring->prod = "
                 "__atomic_load_n(&ring->ctrl->prod, __ATOMIC_ACQUIRE); return"),
    ("B", PCAP, "return __atomic_load_n(&r->ctrl->prod, __ATOMIC_ACQUIRE); /* (B) */"),
    ("B", EXAMPLE, "prod = __atomic_load_n(&ctrl->prod, __ATOMIC_ACQUIRE); for (; at != prod;"),
    ("B", MANUAL, "prod = load_acquire(&ctrl->prod); /* B */ for (; i != prod;"),
    ("B", BENCH, "n = tpacket4_peek(ring);"),
    ("B", DMABUF, "there = tpacket4_peek_all(&a->ring);"),
    ("C", VERBS, "/* (C) pairs with (D) */ "
                 "__atomic_store_n(&ring->ctrl->cons, ring->cons, __ATOMIC_RELEASE);"),
    ("C", PCAP, "__atomic_store_n(&r->ctrl->cons, r->next, __ATOMIC_RELEASE); /* (C) */"),
    ("C", EXAMPLE, "} ctrl->seen = at; __atomic_store_n(&ctrl->cons, at, __ATOMIC_SEQ_CST); poll("),
    ("C", MANUAL, "} ctrl->seen = prod; store_release(&ctrl->cons, prod); /* C */ full_barrier();"),
    ("F", MANUAL, "full_barrier(); /* F */ poll("),
    ("C", BENCH, "tpacket4_release(ring, held - rx->hold);"),
    ("C", DMABUF, "tpacket4_release(&a->ring, nr);"),
    ("D", POOL, "u32 cons = smp_load_acquire(&pdq->ctrl->cons); /* D, pairs with C */"),
    ("E", RING, "packet_direct_set_need_kick(pdq, true); smp_mb(); /* E, pairs with F */ } "
                 "if (packet_direct_reclaim(pdq) >="),
    ("F", SOCKET, "smp_mb(); /* F, pairs with E: user space's cons before the flag */ "
                  "if (READ_ONCE(pdq->need_kick))"),
    ("F", VERBS, "/* (F) pairs with (E) */ __atomic_thread_fence(__ATOMIC_SEQ_CST); "
                 "return __atomic_load_n(&ring->ctrl->flags, __ATOMIC_RELAXED)"),
    ("F", PCAP_READ, "packet4_release(&q->ring); __atomic_thread_fence(__ATOMIC_SEQ_CST); /* (F) */ "
                     "if (__atomic_load_n(&q->ring.ctrl->flags, __ATOMIC_RELAXED)"),
    ("F", DMABUF, "tpacket4_release(&a->ring, nr); tpacket4_kick(&a->ring, a->fd);"),
    ("copy_unlock", COPY, "wake = packet_direct_store_prod(pdq, prod); } "
                          "spin_unlock(&pd->copy_lock);"),
    ("generation", RING, "WRITE_ONCE(pdq->state, state); /*...*/ "
                         "smp_store_release(&pdq->generation, pdq->generation + 1);"),
    ("generation", SOCKET, "info->ti_generation = smp_load_acquire(&pdq->generation); "
                           "info->ti_state = READ_ONCE(pdq->state);"),
    ("generation", RING, "WRITE_ONCE(pdq->ctrl->state, state); /*...*/ "
                         "smp_store_release(&pdq->ctrl->generation, pdq->generation);"),
    ("skwq_has_sleeper", RING, "if (skwq_has_sleeper(rcu_dereference(sk->sk_wq)) || "
                               "sock_flag(sk, SOCK_FASYNC)) { packet_direct_note_woken(pdq);"),
    ("skwq_has_sleeper", RING, "if (skwq_has_sleeper(rcu_dereference(sk->sk_wq)) || "
                               "sock_flag(sk, SOCK_FASYNC)) { if (packet_direct_note_woken(pdq))"),
    ("write_seqcount_begin", RING, "raw_write_seqcount_begin(&pdq->count_seq); packet_direct_count("),
    ("write_seqcount_end", RING, "&pdq->payload_count); raw_write_seqcount_end(&pdq->count_seq);"),
    ("read_seqcount_begin", STATS, "seq = read_seqcount_begin(&pdq->count_seq); "
                                   "slots = pdq->slots_count; payload = pdq->payload_count;"),
    ("read_seqcount_retry", STATS, "payload = pdq->payload_count; } "
                                   "while (read_seqcount_retry(&pdq->count_seq, seq));"),
    ("dma_rmb", GVE, "return false; /*...*/ dma_rmb(); return true;"),
    ("dma_rmb", GVE, "break; /*...*/ dma_rmb(); upper = gve_direct_upper(desc);"),
    ("dma_rmb", IXGBE, "break; /*...*/ dma_rmb(); len = (u16)(upper >> IXGBE_DIRECT_LEN_SHIFT);"),
    ("dma_rmb", IXGBE, "break; /*...*/ dma_rmb(); lower = ixgbe_direct_lower(rx_desc); header ="),
    ("dma_rmb", IXGBE, "return 0; /*...*/ dma_rmb(); "
                       "rx_desc = IXGBE_RX_DESC(ring, ring->next_to_clean);"),
    ("tail", GVE, "/* iowrite32() orders the descriptors before the doorbell */ "
                  "gve_rx_write_doorbell_dqo(rx->gve, rx->q_num);"),
    ("tail", IXGBE, "/* writel() orders the descriptors before the tail */ writel(i, ring->tail);"),
    # E is between this and the next load
    ("no barrier", RING, "WRITE_ONCE(pdq->ctrl->flags, need ? TPACKET4_CTRL_NEED_KICK : 0);"),
    # has it moved: whoever takes what came back has D
    ("no barrier", RING, "if (READ_ONCE(pdq->ctrl->cons) == READ_ONCE(pdq->cons))"),
    ("no barrier", RING, "READ_ONCE(pdq->ctrl->cons) - READ_ONCE(pdq->cons) >= batch"),
    ("no barrier", QUEUE, "if (READ_ONCE(pdq->ctrl->cons) != pdq->cons) "
                          "packet_direct_reclaim(pdq);"),
    ("no barrier", RING, "READ_ONCE(pdq->full) && "
                         "READ_ONCE(pdq->ctrl->cons) == READ_ONCE(pdq->cons))"),
    # nobody writes in an order: counts that do not fit together are seen, and not used
    ("no barrier", STATS, "u32 post, tail; smp_rmb(); /*...*/ post = READ_ONCE(pool->post);"),
    ("no barrier", STATS, "tail = READ_ONCE(pool->tail); smp_rmb(); /*...*/ "
                          "if (READ_ONCE(pool->head) != head ||"),
    # nobody can see the ring yet
    ("no barrier", RING, "pdq->ctrl->prod = pdq->prod; pdq->ctrl->cons = pdq->prod;"),
    # nobody else writes to this word
    ("no barrier", VERBS, "ring->cons = __atomic_load_n(&ring->ctrl->cons, __ATOMIC_RELAXED);"),
]

# What belongs to a site: a letter, in the whole tree but for the models' wire, which has
# letters of its own; in the files that have sites, and beside them, a barrier or an index.
LETTER = re.compile(r"/\*\s*(?:\([A-Z]\)|[A-Z](?=\s*(?:[,:]|\*/|pairs\b)))")
BARRIER = re.compile(
    r"\b(?:smp_(?:[rw]?mb|store_release|load_acquire|store_mb)\w*|(?:dma_)?[rw]?mb|writel\w*|"
    r"gve_rx_write_doorbell_dqo|(?:raw_)?(?:read|write)_seqcount\w+)\(|"
    r"\b__ATOMIC_(?!RELAXED)\w+|ctrl->(?:prod|cons|flags|generation)\b")
SOURCES = ["*.c", "*.h", "*.patch", "*.rst", "*.md", ":!nicsim"]
RING_USERS = re.compile(r"net/(?:packet|xdp)/|include/net/|drivers/|libpcap-patch/(?!sf-)|"
                        rf"tools/packet4_dmabuf/|{VERBS}|{BENCH}|{EXAMPLE}|{MANUAL}")


def pattern(code):
    parts = re.split(r"(\s+|/\*\.\.\.\*/)", code)
    return re.compile("".join(r"\s*" if not part.strip() else
                              r"/\*(?:[^*]|\*(?!/))*\*/" if part == "/*...*/" else
                              re.escape(part) for part in parts if part))


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as file:
        return file.read()


def found(name, code):
    """The places of the code in a file."""
    return [match.span() for match in pattern(code).finditer(read(name))]


def strays():
    """Lines that should be in a site and are not, as FILE:LINE: TEXT."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--",
                             *SOURCES], cwd=TOP, check=True, capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        if not os.path.exists(os.path.join(TOP, name)):
            continue
        text = read(name)
        known = [span for _, file, code in SITES if file == name for span in found(name, code)]
        matches = list(LETTER.finditer(text))
        if RING_USERS.match(name):
            matches += BARRIER.finditer(text)
        for match in matches:
            if not any(begin <= match.start() and match.end() <= end for begin, end in known):
                yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"


def protocol():
    """The letters in the protocol's text, each with its kind of barrier."""
    return dict(re.findall(r"\(([A-Z])\) (store-release|acquire|full barrier)", read(PROTOCOL)))
