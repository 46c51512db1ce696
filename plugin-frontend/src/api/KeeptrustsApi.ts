import { createApiRef } from '@backstage/core-plugin-api';
import {
  Coverage,
  GovernanceStatus,
  PlatformStatus,
  RollUp,
  SpendReport,
  StatusItem,
  WorstStatuses,
} from './wire';

/**
 * An answer with the moment at which its facts were read from Keeptrusts.
 *
 * @public
 */
export interface Observed<T> {
  value: T;
  /**
   * In milliseconds of this browser's clock, so that an age is right even where that clock is wrong; undefined when no
   * facts could be had.
   */
  observedAt?: number;
  /**
   * How far this browser's clock is ahead of the service's, in milliseconds: take it off before a time of the answer is
   * compared with this clock. Undefined where it is not known.
   */
  clockAheadMs?: number;
}

/**
 * How to ask.
 *
 * @public
 */
export interface RequestOptions {
  /** Ask the service to read from Keeptrusts now, which it does at a bounded rate. */
  refresh?: boolean;
  /** Aborts when the answer is not wanted any more; the method then rejects with its reason. */
  signal?: AbortSignal;
}

/**
 * The form of a file with numbers: plain rows (`csv`), or the columns of the FinOps Open Cost and Usage Specification
 * (`focus`).
 *
 * @public
 */
export type ExportFormat = 'csv' | 'focus';

/**
 * A file to save.
 *
 * @public
 */
export interface ExportedFile {
  /** As the service names it. */
  name: string;
  content: Blob;
}

/**
 * What the plugin asks of the service. Every method rejects with a `KeeptrustsError`, unless it is aborted.
 *
 * @public
 */
export interface KeeptrustsApi {
  /** The status of one entity; `entityRef` is a full reference such as `component:default/customer-support-bot`. */
  getStatus(
    entityRef: string,
    options?: RequestOptions,
  ): Promise<Observed<GovernanceStatus>>;
  /** The status of many entities: one item a reference, in their order, each a status or a problem. */
  getStatuses(
    entityRefs: readonly string[],
    options?: RequestOptions,
  ): Promise<Observed<StatusItem[]>>;
  /** Those of many that are not in order, the worst first and at most `most` (0 to 100), and a count of all by state. */
  getWorst(
    entityRefs: readonly string[],
    most: number,
    options?: RequestOptions,
  ): Promise<Observed<WorstStatuses>>;
  /** Spend over the last `days` budget days, 1 to 90, today included. */
  getSpend(
    entityRef: string,
    days: number,
    options?: RequestOptions,
  ): Promise<Observed<SpendReport>>;
  /** State and spend of the members of a group, a system or a domain over the last `days` budget days, 1 to 90. */
  getRollUp(
    entityRef: string,
    days: number,
    options?: RequestOptions,
  ): Promise<Observed<RollUp>>;
  /** The rows behind `getSpend` as a file. */
  exportSpend(
    entityRef: string,
    days: number,
    format: ExportFormat,
    options?: Pick<RequestOptions, 'signal'>,
  ): Promise<ExportedFile>;
  /** The rows behind `getRollUp` as a file. */
  exportRollUp(
    entityRef: string,
    days: number,
    format: ExportFormat,
    options?: Pick<RequestOptions, 'signal'>,
  ): Promise<ExportedFile>;
  /**
   * Which spend of the organisation entities claim, over the last `days` budget days, 1 to 90; for members of the platform
   * groups alone.
   */
  getCoverage(
    days: number,
    options?: RequestOptions,
  ): Promise<Observed<Coverage>>;
  /** Health of the gateway and of the control plane. */
  getPlatform(options?: RequestOptions): Promise<Observed<PlatformStatus>>;
}

/**
 * Where the plugin gets its answers from.
 *
 * @public
 */
export const keeptrustsApiRef = createApiRef<KeeptrustsApi>({
  id: 'plugin.keeptrusts.service',
});
