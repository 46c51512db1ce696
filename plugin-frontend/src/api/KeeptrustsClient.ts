import { parseEntityRef } from '@backstage/catalog-model';
import { DiscoveryApi, FetchApi } from '@backstage/core-plugin-api';
import { inTime, TIMEOUT_MS } from './deadline';
import { ContractError, isKeeptrustsError, UnreachableError } from './errors';
import { KeeptrustsApi, Observed, RequestOptions } from './KeeptrustsApi';
import { errorOf } from './problems';
import { SingleFlight } from './singleFlight';
import {
  Freshness,
  GovernanceStatus,
  PlatformStatus,
  SpendReport,
  StatusItem,
} from './wire';

/** How many references the service takes at once. */
const REFS_PER_REQUEST = 1000;
/** The endpoint of Backstage's proxy, as `catalog/backstage/app-config.keeptrusts.yaml` names it. */
const PROXY_PATH = '/keeptrusts';

/**
 * What a client is made of.
 *
 * @public
 */
export interface KeeptrustsClientOptions {
  discoveryApi: DiscoveryApi;
  fetchApi: FetchApi;
  /** Below `/api/proxy`; `/keeptrusts` unless told. */
  proxyPath?: string;
  /** After how many milliseconds an answer is given up; 30,000 unless told. */
  timeoutMs?: number;
  /** The clock, in milliseconds; `Date.now` unless told. */
  now?: () => number;
}

interface Request<T extends object> {
  path: string;
  /** Members that an answer must have to be one. */
  expects: readonly (keyof T & string)[];
  body?: unknown;
  refresh?: boolean;
}

/**
 * Asks the service through Backstage's proxy, as the viewer. Equal requests at the same time are one request.
 *
 * @public
 */
export class KeeptrustsClient implements KeeptrustsApi {
  readonly #options: KeeptrustsClientOptions;
  readonly #flights = new SingleFlight();

  constructor(options: KeeptrustsClientOptions) {
    this.#options = options;
  }

  async getStatus(
    entityRef: string,
    options?: RequestOptions,
  ): Promise<Observed<GovernanceStatus>> {
    return this.#ask<GovernanceStatus>({
      path: `${entityPath(entityRef)}/governance`,
      expects: ['entityRef', 'state', 'findings', 'links', 'freshness'],
      refresh: options?.refresh,
    });
  }

  async getStatuses(
    entityRefs: readonly string[],
    options?: RequestOptions,
  ): Promise<Observed<StatusItem[]>> {
    const answers = await Promise.all(
      chunks(entityRefs, REFS_PER_REQUEST).map(chunk =>
        this.#askChunk(chunk, options),
      ),
    );
    const moments = answers.flatMap(answer => answer.observedAt ?? []);
    return {
      value: answers.flatMap(answer => answer.value),
      // The whole is as old as its oldest part.
      observedAt: moments.length ? Math.min(...moments) : undefined,
    };
  }

  async getSpend(
    entityRef: string,
    days: number,
    options?: RequestOptions,
  ): Promise<Observed<SpendReport>> {
    return this.#ask<SpendReport>({
      path: `${entityPath(entityRef)}/spend?days=${days}`,
      expects: ['entityRef', 'days', 'complete', 'freshness'],
      refresh: options?.refresh,
    });
  }

  async getPlatform(
    options?: RequestOptions,
  ): Promise<Observed<PlatformStatus>> {
    return this.#ask<PlatformStatus>({
      path: '/v1/gateway',
      expects: ['state', 'gateway', 'controlPlane', 'links', 'freshness'],
      refresh: options?.refresh,
    });
  }

  async #askChunk(
    entityRefs: readonly string[],
    options?: RequestOptions,
  ): Promise<Observed<StatusItem[]>> {
    const { value, observedAt } = await this.#ask<{
      items: readonly StatusItem[];
    }>({
      path: '/v1/governance/by-refs',
      expects: ['items'],
      body: { entityRefs },
      refresh: options?.refresh,
    });
    if (value.items.length !== entityRefs.length) {
      throw new ContractError(
        `/v1/governance/by-refs answered ${value.items.length} items to ${entityRefs.length} references`,
      );
    }
    return { value: [...value.items], observedAt };
  }

  #ask<T extends object>(request: Request<T>): Promise<Observed<T>> {
    const key = JSON.stringify([
      request.path,
      request.body,
      Boolean(request.refresh),
    ]);
    return this.#flights.join(key, () => this.#send(request));
  }

  async #send<T extends object>(request: Request<T>): Promise<Observed<T>> {
    const { timeoutMs = TIMEOUT_MS, now = Date.now } = this.#options;
    try {
      return await inTime({ timeoutMs, part: 'service' }, async signal => {
        const reply = await this.#fetch(request, signal);
        const receivedAt = now();
        if (!reply.ok) throw await errorOf(reply);
        const value = await readBody(reply, request);
        return { value, observedAt: observedAtOf(reply, value, receivedAt) };
      });
    } catch (error) {
      if (isKeeptrustsError(error)) throw error;
      // `fetch` says only that it failed, and whoever wraps it may throw anything.
      throw new UnreachableError('the request could not be sent', {
        part: 'service',
      });
    }
  }

  async #fetch<T extends object>(
    request: Request<T>,
    signal: AbortSignal,
  ): Promise<Response> {
    const { discoveryApi, fetchApi, proxyPath = PROXY_PATH } = this.#options;
    const proxy = await discoveryApi.getBaseUrl('proxy');
    return fetchApi.fetch(`${proxy}${proxyPath}${request.path}`, {
      ...initOf(request),
      signal,
    });
  }
}

function initOf({
  body,
  refresh,
}: {
  body?: unknown;
  refresh?: boolean;
}): RequestInit {
  return {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      accept: 'application/json, application/problem+json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(refresh ? { 'cache-control': 'no-cache' } : {}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  };
}

async function readBody<T extends object>(
  reply: Response,
  { path, expects }: Request<T>,
): Promise<T> {
  const body: unknown = await reply.json().catch(() => undefined);
  if (typeof body !== 'object' || body === null) {
    throw new ContractError(
      `${path} answered with something other than a JSON object`,
      { status: reply.status },
    );
  }
  const missing = expects.find(member => !(member in body));
  if (missing)
    throw new ContractError(`${path} answered without \`${missing}\``, {
      status: reply.status,
    });
  return body as T;
}

/** By the `Age` header where it can be read (another origin may hide it), else by the time that the answer names. */
function observedAtOf(
  reply: Response,
  value: object,
  receivedAt: number,
): number | undefined {
  const parts = freshnessIn(value);
  if (parts.length && !parts.some(it => it.observedAt)) return undefined;
  const age = Number.parseInt(reply.headers.get('age') ?? '', 10);
  if (age >= 0) return receivedAt - age * 1000;
  const moments = parts
    .map(it => Date.parse(it.observedAt ?? ''))
    .filter(moment => !Number.isNaN(moment));
  return moments.length ? Math.min(...moments, receivedAt) : undefined;
}

/** How old an answer says that it is; one about many entities says so of each. */
function freshnessIn(
  value: Partial<{ freshness: Freshness; items: readonly StatusItem[] }>,
): Freshness[] {
  return [
    value.freshness,
    ...(value.items ?? []).map(item => item.status?.freshness),
  ].filter(it => it !== undefined);
}

function entityPath(entityRef: string): string {
  const { kind, namespace, name } = parseEntityRef(entityRef);
  return `/v1/entities/${[kind, namespace, name]
    .map(part => encodeURIComponent(part.toLocaleLowerCase('en-US')))
    .join('/')}`;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
