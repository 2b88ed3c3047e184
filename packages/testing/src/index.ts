export { commandJson, ipJson } from './oracle.js';
export { scratchName, scratchNetns } from './scratch-netns.js';
