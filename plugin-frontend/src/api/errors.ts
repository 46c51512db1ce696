/**
 * Why an answer could not be had: one kind a cause, so that each can be explained to the reader in its own words.
 *
 * @public
 */
export type KeeptrustsErrorKind =
  | 'signed-out'
  | 'not-permitted'
  | 'not-found'
  | 'not-configured'
  | 'unknown-instance'
  | 'wrong-target'
  | 'web-page'
  | 'unreachable'
  | 'too-many-requests'
  | 'contract'
  | 'service';

const KINDS: Record<KeeptrustsErrorKind, true> = {
  'signed-out': true,
  'not-permitted': true,
  'not-found': true,
  'not-configured': true,
  'unknown-instance': true,
  'wrong-target': true,
  'web-page': true,
  unreachable: true,
  'too-many-requests': true,
  contract: true,
  service: true,
};

/** What the reply said about the failure, where there was one. @public */
export interface KeeptrustsErrorDetails {
  /** The HTTP status. */
  status?: number;
  /** The problem's own sentence for a person. */
  detail?: string;
  /** The id of the request in the service's log. */
  requestId?: string;
  /** After how many seconds to ask again, where the reply said so. */
  retryAfter?: number;
}

/**
 * The base of every error that `KeeptrustsApi` throws. Tell them apart by `kind`: a page may hold two copies of this
 * module, and then `instanceof` fails.
 *
 * @public
 */
export abstract class KeeptrustsError extends Error {
  abstract readonly kind: KeeptrustsErrorKind;
  readonly status?: number;
  readonly detail?: string;
  readonly requestId?: string;
  readonly retryAfter?: number;

  constructor(message: string, details: KeeptrustsErrorDetails = {}) {
    super(message);
    this.status = details.status;
    this.detail = details.detail;
    this.requestId = details.requestId;
    this.retryAfter = details.retryAfter;
  }
}

/** The viewer is not signed in, or not any more: no request left, or it was answered with 401. @public */
export class SignedOutError extends KeeptrustsError {
  readonly name = 'SignedOutError';
  readonly kind = 'signed-out';
}

/** The viewer may not ask (403). @public */
export class NotPermittedError extends KeeptrustsError {
  readonly name = 'NotPermittedError';
  readonly kind = 'not-permitted';
}

/** There is no such entity, or it is not the viewer's to see (404 from the service). @public */
export class NotFoundError extends KeeptrustsError {
  readonly name = 'NotFoundError';
  readonly kind = 'not-found';
}

/** Backstage's proxy has no such endpoint (404 without a body). @public */
export class NotConfiguredError extends KeeptrustsError {
  readonly name = 'NotConfiguredError';
  readonly kind = 'not-configured';
}

/** The entity names a Keeptrusts that is not among those of the app's configuration. @public */
export class UnknownInstanceError extends KeeptrustsError {
  readonly name = 'UnknownInstanceError';
  readonly kind = 'unknown-instance';
}

/** The proxy's target is another server than the service (404 that is neither Backstage's nor the service's). @public */
export class WrongTargetError extends KeeptrustsError {
  readonly name = 'WrongTargetError';
  readonly kind = 'wrong-target';
}

/** A web page came where JSON should be: a sign-in page between browser and Backstage, or a wrong target. @public */
export class WebPageError extends KeeptrustsError {
  readonly name = 'WebPageError';
  readonly kind = 'web-page';
}

/** What could not be reached: Backstage from the browser, the service, or what the service needs to answer. @public */
export type UnreachablePart =
  | 'backstage'
  | 'service'
  | 'keeptrusts'
  | 'catalog'
  | 'identity';

/** No answer came, or not in time; asking again may help. @public */
export class UnreachableError extends KeeptrustsError {
  readonly name = 'UnreachableError';
  readonly kind = 'unreachable';
  readonly part: UnreachablePart;

  constructor(
    message: string,
    details: KeeptrustsErrorDetails & { part: UnreachablePart },
  ) {
    super(message, details);
    this.part = details.part;
  }
}

/** More was asked than is allowed in a time (429). @public */
export class TooManyRequestsError extends KeeptrustsError {
  readonly name = 'TooManyRequestsError';
  readonly kind = 'too-many-requests';
}

/** A reply came that is not of the agreed form: versions that do not fit. @public */
export class ContractError extends KeeptrustsError {
  readonly name = 'ContractError';
  readonly kind = 'contract';
}

/** The service refused the request or failed at it; asking again will hardly help. @public */
export class ServiceError extends KeeptrustsError {
  readonly name = 'ServiceError';
  readonly kind = 'service';
}

/** Whether `error` is one of the errors above, from whichever copy of this module. @public */
export function isKeeptrustsError(error: unknown): error is KeeptrustsError {
  return (
    error instanceof Error &&
    'kind' in error &&
    typeof error.kind === 'string' &&
    Object.hasOwn(KINDS, error.kind)
  );
}
