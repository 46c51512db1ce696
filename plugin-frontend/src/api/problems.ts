import {
  ContractError,
  KeeptrustsError,
  KeeptrustsErrorDetails,
  NotConfiguredError,
  NotFoundError,
  NotPermittedError,
  ServiceError,
  UnreachableError,
  UnreachablePart,
} from './errors';
import { Problem } from './wire';

const MEDIA_TYPE = 'application/problem+json';
const URN = 'urn:keeptrusts-bff:';
const REQUEST_URN = 'urn:request:';

const UNREACHABLE: Record<string, UnreachablePart> = {
  'upstream-unavailable': 'keeptrusts',
  'catalog-unavailable': 'catalog',
  'identity-unavailable': 'identity',
  draining: 'service',
};

/** The error that a reply outside of 2xx is: by its problem `type` where the service wrote it, by its status otherwise. */
export async function errorOf(reply: Response): Promise<KeeptrustsError> {
  const problem = await problemOf(reply);
  return problem
    ? errorOfProblem(problem, retryAfterOf(reply))
    : errorOfStatus(reply);
}

/** The error that a problem is; `retryAfter` is in seconds. */
export function errorOfProblem(
  problem: Problem,
  retryAfter?: number,
): KeeptrustsError {
  const slug = problem.type.startsWith(URN)
    ? problem.type.slice(URN.length)
    : undefined;
  const message = problem.detail ?? problem.title;
  const details: KeeptrustsErrorDetails = {
    status: problem.status,
    detail: problem.detail ?? undefined,
    requestId: problem.instance?.startsWith(REQUEST_URN)
      ? problem.instance.slice(REQUEST_URN.length)
      : undefined,
  };
  switch (slug) {
    case 'unauthenticated':
    case 'forbidden':
      return new NotPermittedError(message, details);
    case 'not-found':
      return new NotFoundError(message, details);
    case 'catalog-contract':
      return new ContractError(message, details);
    default:
      return slug && Object.hasOwn(UNREACHABLE, slug)
        ? new UnreachableError(message, {
            ...details,
            part: UNREACHABLE[slug],
            retryAfter,
          })
        : new ServiceError(message, details);
  }
}

/** Backstage answered in the service's place: its proxy has no route, no session, or nobody behind it. */
function errorOfStatus(reply: Response): KeeptrustsError {
  const { status } = reply;
  switch (status) {
    case 401:
    case 403:
      return new NotPermittedError(
        `Backstage refused the request with status ${status}`,
        { status },
      );
    case 404:
      return notConfigured(reply);
    case 429:
    case 502:
    case 503:
    case 504:
      return new UnreachableError(
        `the service did not answer Backstage: status ${status}`,
        {
          status,
          part: 'service',
          retryAfter: retryAfterOf(reply),
        },
      );
    default:
      return new ServiceError(`Backstage answered with status ${status}`, {
        status,
      });
  }
}

/** Names the address, since an app may have the endpoint under another name than it told the plugin. */
function notConfigured({ url, status }: Response): NotConfiguredError {
  const { pathname } = new URL(url || '/', 'http://backstage');
  const message = `Backstage has no proxy endpoint at ${pathname}`;
  return new NotConfiguredError(message, { status, detail: message });
}

async function problemOf(reply: Response): Promise<Problem | undefined> {
  if (!reply.headers.get('content-type')?.startsWith(MEDIA_TYPE))
    return undefined;
  const body: unknown = await reply.json().catch(() => undefined);
  return isProblem(body) ? body : undefined;
}

function isProblem(body: unknown): body is Problem {
  const problem = body as Partial<Problem> | null | undefined;
  return typeof problem?.type === 'string' && typeof problem.title === 'string';
}

/** `Retry-After` in seconds; the form with a date is not ours and is left out. */
function retryAfterOf(reply: Response): number | undefined {
  const seconds = Number.parseInt(reply.headers.get('retry-after') ?? '', 10);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}
