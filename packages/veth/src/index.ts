export { createVeth, Veth, type VethEnd, VethPeer } from './veth.js';
