/**
 * Why an answer could not be had: one kind a cause, so that each can be told to the reader in its own words.
 *
 * @public
 */
export type KeeptrustsErrorKind =
  | 'not-permitted'
  | 'not-found'
  | 'not-configured'
  | 'unreachable'
  | 'contract'
  | 'service';

/** What the reply said about the failure, where there was one. @public */
export interface KeeptrustsErrorDetails {
  /** The HTTP status. */
  status?: number;
  /** The problem's own sentence for a person. */
  detail?: string;
  /** The id of the request in the service's log. */
  requestId?: string;
}

/**
 * The base of every error that `KeeptrustsApi` throws. Tell them apart by `kind`, which survives bundling.
 *
 * @public
 */
export abstract class KeeptrustsError extends Error {
  abstract readonly kind: KeeptrustsErrorKind;
  readonly status?: number;
  readonly detail?: string;
  readonly requestId?: string;

  constructor(message: string, details: KeeptrustsErrorDetails = {}) {
    super(message);
    this.status = details.status;
    this.detail = details.detail;
    this.requestId = details.requestId;
  }
}

/** The viewer is not signed in or may not ask (401, 403). @public */
export class NotPermittedError extends KeeptrustsError {
  readonly name = 'NotPermittedError';
  readonly kind = 'not-permitted';
}

/** There is no such entity, or it is not the viewer's to see (404 from the service). @public */
export class NotFoundError extends KeeptrustsError {
  readonly name = 'NotFoundError';
  readonly kind = 'not-found';
}

/** Backstage itself does not know the way: its proxy has no such endpoint (404 that is not the service's). @public */
export class NotConfiguredError extends KeeptrustsError {
  readonly name = 'NotConfiguredError';
  readonly kind = 'not-configured';
}

/** What could not be reached: the service itself, or what it needs to answer. @public */
export type UnreachablePart = 'service' | 'keeptrusts' | 'catalog' | 'identity';

/** Nobody answered, or not in time; asking again may help. @public */
export class UnreachableError extends KeeptrustsError {
  readonly name = 'UnreachableError';
  readonly kind = 'unreachable';
  readonly part: UnreachablePart;
  /** After how many seconds to ask again, where the service said so. */
  readonly retryAfter?: number;

  constructor(
    message: string,
    details: KeeptrustsErrorDetails & {
      part: UnreachablePart;
      retryAfter?: number;
    },
  ) {
    super(message, details);
    this.part = details.part;
    this.retryAfter = details.retryAfter;
  }
}

/** A reply came that is not of the agreed form: versions that do not fit, or somebody else who answers. @public */
export class ContractError extends KeeptrustsError {
  readonly name = 'ContractError';
  readonly kind = 'contract';
}

/** The service refused the request or failed at it; asking again will hardly help. @public */
export class ServiceError extends KeeptrustsError {
  readonly name = 'ServiceError';
  readonly kind = 'service';
}

/** Whether `error` is one of the errors above. @public */
export function isKeeptrustsError(error: unknown): error is KeeptrustsError {
  return error instanceof KeeptrustsError;
}
