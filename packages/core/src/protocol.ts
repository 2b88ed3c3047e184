/**
 * What the kernel keeps as the origin of addresses and routes that Netloom sets (IFA_PROTO, rtm_protocol).
 * Numbers below 4 (addresses) and 5 (routes) are the kernel's; iproute2's rt_protos and the routing daemons
 * leave 78 free.
 */
export const PROTOCOL = 78;
