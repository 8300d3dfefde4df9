/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What libpcap 1.10.3 calls the functions that are for libpcap alone.  The files of the
 * TPACKET_V4 capture module have the names of 1.11, as 1.10.5 has.
 */
#ifndef pcap_packet4_names_h
#define pcap_packet4_names_h

#define pcapint_add_dev			add_dev
#define pcapint_breakloop_common	pcap_breakloop_common
#define pcapint_check_activated		pcap_check_activated
#define pcapint_cleanup_live_common	pcap_cleanup_live_common
#define pcapint_create_interface	pcap_create_interface
#define pcapint_filter			pcap_filter
#define pcapint_find_dev		find_dev
#define pcapint_fmt_errmsg_for_errno	pcap_fmt_errmsg_for_errno
#define pcapint_install_bpf_program	install_bpf_program
#define pcapint_oneshot			pcap_oneshot
#define pcapint_setnonblock_fd		pcap_setnonblock_fd
#define pcapint_strlcpy			pcap_strlcpy

#endif /* pcap_packet4_names_h */
