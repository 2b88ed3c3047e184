export { type ConsoleWaitOptions, QemuConsole } from './console.js';
export { launchQemu } from './launch.js';
export type { WaitOptions } from './limits.js';
export type { QemuExit } from './process.js';
export type { QemuNic, QemuOptions, QemuShutdown } from './qemu-options.js';
export { QmpClient, type QmpClientOptions } from './qmp.js';
export type { QmpCommands, QmpEvent, QmpRxFilter, QmpStatus } from './qmp-types.js';
export { type QemuNicInfo, type QemuStage, QemuVm, type ReadyOptions } from './vm.js';
