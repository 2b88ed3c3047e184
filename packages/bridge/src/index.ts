export { Bridge, createBridge, openBridge, type BridgeOptions } from './bridge.js';
export type { BridgePort, BridgePortOptions } from './port.js';
