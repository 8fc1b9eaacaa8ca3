/*
 * Where a frame's stamp is, by its headers: behind VLAN tags, MPLS labels, IPv4 or IPv6 and UDP; of
 * a fragment that is not the first one, behind its IP header. A tap does not always show what was
 * sent: packet sockets have the outermost VLAN tag taken off (net/core/dev.c
 * __netif_receive_skb_core, skb_vlan_untag), so the place is found anew where the frame is seen.
 * Frames are hostile.
 */
#ifndef CB_HARNESS_NET_STAMP_PLACE_H
#define CB_HARNESS_NET_STAMP_PLACE_H

#include <stdint.h>

/* Bytes from the start of the frame, so that CB_STAMP_SIZE bytes are there; 0: there is no place
 * for a stamp in it. `n`: bytes at `frame`. */
uint32_t cb_stamp_place(const uint8_t *frame, uint32_t n);

#endif
