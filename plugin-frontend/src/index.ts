export { keeptrustsPlugin } from './plugin';
