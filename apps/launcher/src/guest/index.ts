export { cacheFolder } from './cache.js';
export type { Progress } from './deb.js';
export { embeddedGuest, type EmbeddedGuestOptions, type GuestImage } from './image.js';
export {
  guestCommandLine,
  parseGuestLine,
  type GuestMessage,
  type GuestSettings,
  type PingTimes,
} from './protocol.js';
