export { CopyableCode } from './CopyableCode';
