import {
  ContractError,
  isKeeptrustsError,
  KeeptrustsError,
  KeeptrustsErrorDetails,
  NotConfiguredError,
  NotFoundError,
  NotPermittedError,
  ServiceError,
  SignedOutError,
  TooManyRequestsError,
  UnreachableError,
  UnreachablePart,
  WebPageError,
  WrongTargetError,
} from './errors';
import { Problem } from './wire';

const PROBLEM_TYPE = 'application/problem+json';
const URN = 'urn:keeptrusts-bff:';
const REQUEST_URN = 'urn:request:';

/** How Backstage's proxy begins its plain text where it could not connect, look up a name or agree on TLS. */
const PROXY_FAILED = 'Error occurred while trying to proxy';

/** Makes the error of a cause. */
type Cause = (
  message: string,
  details: KeeptrustsErrorDetails,
) => KeeptrustsError;

const signedOut: Cause = (...made) => new SignedOutError(...made);
const notPermitted: Cause = (...made) => new NotPermittedError(...made);
const notFound: Cause = (...made) => new NotFoundError(...made);
const tooMany: Cause = (...made) => new TooManyRequestsError(...made);
const contract: Cause = (...made) => new ContractError(...made);
const service: Cause = (...made) => new ServiceError(...made);
const unreachable =
  (part: UnreachablePart): Cause =>
  (message, details) =>
    new UnreachableError(message, { ...details, part });

/** The problems of the service, by the last part of their type. */
const BY_TYPE: Readonly<Record<string, Cause>> = {
  unauthenticated: signedOut,
  forbidden: notPermitted,
  'not-found': notFound,
  'catalog-contract': contract,
  'upstream-unavailable': unreachable('keeptrusts'),
  'catalog-unavailable': unreachable('catalog'),
  'identity-unavailable': unreachable('identity'),
  draining: unreachable('service'),
};

/** What a status says by itself: of a problem whose type is not known here, and of Backstage's own replies. */
const BY_STATUS: Readonly<Record<number, Cause>> = {
  401: signedOut,
  403: notPermitted,
  429: tooMany,
  502: unreachable('service'),
  503: unreachable('service'),
  504: unreachable('service'),
};

/** The error that a reply outside of 2xx is: by its problem where the service wrote it, by status and body otherwise. */
export async function errorOf(reply: Response): Promise<KeeptrustsError> {
  const text = await reply.text().catch(() => '');
  const problem = problemIn(reply, text);
  const details = {
    status: reply.status,
    retryAfter: retryAfterOf(reply),
  };
  if (problem)
    return errorOfProblem({ ...problem, status: reply.status }, details);
  if (text.startsWith(PROXY_FAILED))
    return new UnreachableError('the proxy could not reach the service', {
      ...details,
      part: 'service',
    });
  const byStatus = BY_STATUS[reply.status];
  if (byStatus)
    return byStatus(`the reply had status ${reply.status}`, details);
  if (reply.status === 404) return errorOf404(reply, text);
  if (isWebPage(reply, text)) return webPage(reply);
  return new ServiceError(`the reply had status ${reply.status}`, details);
}

/** The error that a problem is; one whose type is not known here is what its status says. */
export function errorOfProblem(
  problem: Problem,
  details: KeeptrustsErrorDetails = {},
): KeeptrustsError {
  const slug = problem.type.startsWith(URN)
    ? problem.type.slice(URN.length)
    : '';
  const cause =
    (Object.hasOwn(BY_TYPE, slug) && BY_TYPE[slug]) ||
    BY_STATUS[problem.status] ||
    service;
  return cause(problem.detail ?? problem.title, {
    ...details,
    status: problem.status,
    detail: problem.detail ?? undefined,
    requestId: problem.instance?.startsWith(REQUEST_URN)
      ? problem.instance.slice(REQUEST_URN.length)
      : undefined,
  });
}

/** The error of a request that was thrown at before a reply came, by `fetch` or by who wraps it. */
export function errorOfThrown(error: unknown): KeeptrustsError {
  if (isKeeptrustsError(error)) return error;
  return isRefusedSignIn(error)
    ? new SignedOutError('there is no sign-in to ask with')
    : // `fetch` says only that it failed.
      new UnreachableError('the request could not be sent', {
        part: 'backstage',
      });
}

/** The error of a catalog request. */
export function errorOfCatalog(error: unknown): KeeptrustsError {
  if (isKeeptrustsError(error)) return error;
  const status = statusOf(error);
  const cause = status === undefined ? undefined : BY_STATUS[status];
  if (cause && status! < 500)
    return cause(`the catalog answered with status ${status}`, { status });
  // Its client reads a reply as JSON, so a web page is an error of syntax here.
  return isRefusedSignIn(error) && !(error instanceof SyntaxError)
    ? new SignedOutError('there is no sign-in to ask the catalog with')
    : new UnreachableError('the catalog did not answer', { part: 'catalog' });
}

/** The error where a 2xx reply is a web page: of a proxy in front of Backstage that wants a sign-in, for one. */
export function webPage(reply: Response): WebPageError {
  return new WebPageError(
    `a web page came from ${pathOf(reply)} where JSON was expected`,
    { status: reply.status },
  );
}

/** Whether the body is a web page, by its type or by how it begins. */
export function isWebPage(reply: Response, text: string): boolean {
  return (
    reply.headers.get('content-type')?.startsWith('text/html') ||
    /^\s*<(!doctype|html)/i.test(text)
  );
}

/**
 * Whether a sign-in was refused before the request left. Sessions are renewed when they are needed, so what Backstage's
 * identity throws then comes out of `fetch`: a login that was closed, a refused refresh, or an error in words of its own.
 */
function isRefusedSignIn(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined) return status === 401 || status === 403;
  if (!(error instanceof Error)) return false;
  return (
    // What `fetch` throws itself: the network, or a request that was given up.
    !(error instanceof TypeError) &&
    !['AbortError', 'TimeoutError'].includes(error.name)
  );
}

function statusOf(error: unknown): number | undefined {
  const { statusCode, status } = (error ?? {}) as Record<string, unknown>;
  return [statusCode, status].find(it => typeof it === 'number') as
    | number
    | undefined;
}

/**
 * Backstage answers 404 with no body, or with an error of its own, where the proxy has no endpoint; any other body comes
 * from a server that is not the service. The address is named, since an app may have the endpoint under another name than
 * the plugin's configuration says.
 */
function errorOf404(reply: Response, text: string): KeeptrustsError {
  const path = pathOf(reply);
  const { status } = reply;
  if (text.trim() && !isBackstageError(text)) {
    const message = `the target behind ${path} answered 404 and is not the service`;
    return new WrongTargetError(message, { status, detail: message });
  }
  const message = `Backstage has no proxy endpoint at ${path}`;
  return new NotConfiguredError(message, { status, detail: message });
}

/** Backstage's own form of an error: `{"error":{"name":"NotFoundError"},"response":{"statusCode":404}}`. */
function isBackstageError(text: string): boolean {
  const body = parsed(text) as {
    error?: { name?: unknown };
    response?: unknown;
  };
  return typeof body?.error?.name === 'string' && body.response !== undefined;
}

function pathOf({ url }: Response): string {
  return new URL(url || '/', 'http://backstage').pathname;
}

function problemIn(reply: Response, text: string): Problem | undefined {
  if (!reply.headers.get('content-type')?.startsWith(PROBLEM_TYPE))
    return undefined;
  const problem = parsed(text) as Partial<Problem> | null | undefined;
  return typeof problem?.type === 'string' && typeof problem.title === 'string'
    ? (problem as Problem)
    : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `Retry-After` in seconds; the form with a date is not ours and is left out. */
function retryAfterOf(reply: Response): number | undefined {
  const seconds = Number.parseInt(reply.headers.get('retry-after') ?? '', 10);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}
