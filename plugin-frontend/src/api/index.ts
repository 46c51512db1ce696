export * from './errors';
export { keeptrustsApiRef } from './KeeptrustsApi';
export type {
  ExportedFile,
  ExportFormat,
  KeeptrustsApi,
  Observed,
  RequestOptions,
} from './KeeptrustsApi';
export { KeeptrustsClient } from './KeeptrustsClient';
export type { KeeptrustsClientOptions } from './KeeptrustsClient';
export * from './wire';
