/* SPDX-License-Identifier: BSD-3-Clause */
/* libpcap 1.10.5 has the names of 1.11 for the functions that are for libpcap alone. */
