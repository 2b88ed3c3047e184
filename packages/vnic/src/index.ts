export { createTap, Tap, type TapOptions } from './tap.js';
export { createTun, Tun, type TunOptions } from './tun.js';
export type { TunDeviceOptions } from './tun-device.js';
export type { TunOffloads } from './tun-flags.js';
export { TunLink } from './tun-link.js';
