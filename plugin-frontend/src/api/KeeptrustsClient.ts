import { parseEntityRef, stringifyEntityRef } from '@backstage/catalog-model';
import { DiscoveryApi, FetchApi } from '@backstage/core-plugin-api';
import { errorOf, errorOfThrown, isWebPage, webPage } from './causes';
import { inTime, TIMEOUT_MS } from './deadline';
import { ContractError } from './errors';
import {
  ExportedFile,
  ExportFormat,
  KeeptrustsApi,
  Observed,
  RequestOptions,
} from './KeeptrustsApi';
import {
  coverageShape,
  itemShape,
  itemsShape,
  platformShape,
  reportShape,
  rollUpShape,
  Shape,
  statusShape,
  worstShape,
} from './shape';
import { SingleFlight } from './singleFlight';
import {
  Coverage,
  Freshness,
  GovernanceStatus,
  PlatformStatus,
  Problem,
  RollUp,
  SpendReport,
  StatusItem,
  WorstStatuses,
} from './wire';

/** How many references the service takes at once. */
const REFS_PER_REQUEST = 1000;
const BY_REFS = '/v1/governance/by-refs';
/** The media type of every file. */
const CSV = 'text/csv';
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
  /** Below `/api/proxy`; the default is `/keeptrusts`. */
  proxyPath?: string;
  /** After how many milliseconds an answer is given up; the default is 30,000. */
  timeoutMs?: number;
  /** The clock, in milliseconds; the default is `Date.now`. */
  now?: () => number;
}

/** What a request says, whatever its answer is. */
interface Call {
  path: string;
  body?: unknown;
  refresh?: boolean;
  /** The media type that is wanted, beside those of a problem. */
  accept?: string;
}

/** A file that is asked for. */
interface Wanted {
  entityRef: string;
  part: 'spend' | 'rollup';
  days: number;
  format: ExportFormat;
}

interface Request extends Call {
  shape: Shape;
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
    return this.#ask(
      {
        path: `${entityPath(entityRef)}/governance`,
        shape: statusShape,
      },
      options,
    );
  }

  async getStatuses(
    entityRefs: readonly string[],
    options?: RequestOptions,
  ): Promise<Observed<StatusItem[]>> {
    const refs = canonical(entityRefs);
    const answers = await Promise.all(
      chunks(refs, REFS_PER_REQUEST).map(chunk =>
        this.#askChunk(chunk, options),
      ),
    );
    const moments = answers.flatMap(answer => answer.observedAt ?? []);
    return {
      value: answers.flatMap(answer => answer.value),
      // The whole is as old as its oldest part.
      observedAt: moments.length ? Math.min(...moments) : undefined,
      clockAheadMs: answers.find(it => it.clockAheadMs !== undefined)
        ?.clockAheadMs,
    };
  }

  async getWorst(
    entityRefs: readonly string[],
    most: number,
    options?: RequestOptions,
  ): Promise<Observed<WorstStatuses>> {
    const refs = canonical(entityRefs);
    const { value, ...read } = await this.#ask<
      Pick<WorstStatuses, 'states'> & { items: readonly unknown[] }
    >(
      {
        path: BY_REFS,
        shape: worstShape,
        body: { entityRefs: refs, worst: most },
      },
      options,
    );
    return {
      value: {
        items: value.items.map(item => itemOf(item, refs)),
        states: value.states,
      },
      ...read,
    };
  }

  async getSpend(
    entityRef: string,
    days: number,
    options?: RequestOptions,
  ): Promise<Observed<SpendReport>> {
    return this.#ask(
      {
        path: `${entityPath(entityRef)}/spend?days=${days}`,
        shape: reportShape,
      },
      options,
    );
  }

  async getCoverage(
    days: number,
    options?: RequestOptions,
  ): Promise<Observed<Coverage>> {
    return this.#ask(
      { path: `/v1/coverage?days=${days}`, shape: coverageShape },
      options,
    );
  }

  async getRollUp(
    entityRef: string,
    days: number,
    options?: RequestOptions,
  ): Promise<Observed<RollUp>> {
    return this.#ask(
      {
        path: `${entityPath(entityRef)}/rollup?days=${days}`,
        shape: rollUpShape,
      },
      options,
    );
  }

  async exportSpend(
    entityRef: string,
    days: number,
    format: ExportFormat,
    options?: Pick<RequestOptions, 'signal'>,
  ): Promise<ExportedFile> {
    return this.#export({ entityRef, part: 'spend', days, format }, options);
  }

  async exportRollUp(
    entityRef: string,
    days: number,
    format: ExportFormat,
    options?: Pick<RequestOptions, 'signal'>,
  ): Promise<ExportedFile> {
    return this.#export({ entityRef, part: 'rollup', days, format }, options);
  }

  async getPlatform(
    options?: RequestOptions,
  ): Promise<Observed<PlatformStatus>> {
    return this.#ask({ path: '/v1/gateway', shape: platformShape }, options);
  }

  async #askChunk(
    entityRefs: readonly string[],
    options?: RequestOptions,
  ): Promise<Observed<StatusItem[]>> {
    const { value, ...read } = await this.#ask<{ items: readonly unknown[] }>(
      { path: BY_REFS, shape: itemsShape, body: { entityRefs } },
      options,
    );
    if (value.items.length !== entityRefs.length) {
      throw new ContractError(
        `${BY_REFS} answered ${value.items.length} items to ${entityRefs.length} references`,
      );
    }
    return {
      value: value.items.map((item, index) =>
        itemOf(item, [entityRefs[index]]),
      ),
      ...read,
    };
  }

  #ask<T extends object>(
    request: Request,
    { refresh = false, signal }: RequestOptions = {},
  ): Promise<Observed<T>> {
    const key = JSON.stringify([request.path, request.body, refresh]);
    return this.#flights.join(
      key,
      stop => this.#send<T>({ ...request, refresh }, stop),
      signal,
    );
  }

  async #send<T extends object>(
    request: Request,
    stop: AbortSignal,
  ): Promise<Observed<T>> {
    const { timeoutMs = TIMEOUT_MS, now = Date.now } = this.#options;
    return inTime(
      { timeoutMs, part: 'service', signal: stop },
      async signal => {
        const reply = await this.#fetch(request, signal);
        const receivedAt = now();
        if (!reply.ok) throw await errorOf(reply);
        const value = await readBody<T>(reply, request);
        return { value, ...agesOf(reply, value, receivedAt) };
      },
    );
  }

  /** The content comes as a whole: a browser cannot save what comes with a token in any other way. */
  async #export(
    wanted: Wanted,
    { signal: stop }: Pick<RequestOptions, 'signal'> = {},
  ): Promise<ExportedFile> {
    const { timeoutMs = TIMEOUT_MS } = this.#options;
    const { entityRef, part, days, format } = wanted;
    const path = `${entityPath(
      entityRef,
    )}/${part}?days=${days}&format=${format}`;
    return inTime(
      { timeoutMs, part: 'service', signal: stop },
      async signal => {
        const reply = await this.#fetch({ path, accept: CSV }, signal);
        if (!reply.ok) throw await errorOf(reply);
        if (!reply.headers.get('content-type')?.startsWith(CSV)) {
          const text = await reply.text();
          throw isWebPage(reply, text)
            ? webPage(reply)
            : new ContractError(`${path} was answered in another form`, {
                status: reply.status,
                detail: `It is not ${CSV}.`,
              });
        }
        const content = await reply.blob().catch(error => {
          throw errorOfThrown(error);
        });
        return { name: fileNameOf(reply, wanted), content };
      },
    );
  }

  async #fetch(request: Call, signal: AbortSignal): Promise<Response> {
    const { discoveryApi, fetchApi, proxyPath = PROXY_PATH } = this.#options;
    try {
      const proxy = await discoveryApi.getBaseUrl('proxy');
      return await fetchApi.fetch(`${proxy}${proxyPath}${request.path}`, {
        ...initOf(request),
        signal,
      });
    } catch (error) {
      throw errorOfThrown(error);
    }
  }
}

function initOf({
  body,
  refresh,
  accept = 'application/json',
}: Call): RequestInit {
  return {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      accept: `${accept}, application/problem+json`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(refresh ? { 'cache-control': 'no-cache' } : {}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  };
}

/** The plain name that the service gives the file; one of the same form where a proxy has taken that away. */
function fileNameOf(
  reply: Response,
  { entityRef, part, days, format }: Wanted,
): string {
  const given = /filename="?([\w.-]+)"?/.exec(
    reply.headers.get('content-disposition') ?? '',
  );
  const { kind, namespace, name } = parseEntityRef(entityRef);
  return (
    given?.[1] ??
    `keeptrusts-${part}-${kind}-${namespace}-${name}-${days}-days-${format}.csv`
  );
}

async function readBody<T extends object>(
  reply: Response,
  { path, shape }: Request,
): Promise<T> {
  const text = await reply.text().catch(error => {
    throw errorOfThrown(error);
  });
  if (isWebPage(reply, text)) throw webPage(reply);
  const body = parsed(text);
  const difference = shape(body, '');
  if (difference)
    throw new ContractError(`${path} was answered in another form`, {
      status: reply.status,
      detail: `${difference}.`,
    });
  return body as T;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const canonical = (entityRefs: readonly string[]): string[] =>
  entityRefs.map(ref => stringifyEntityRef(parseEntityRef(ref)));

/**
 * One item of a reply about many, which is about one of `asked`; one of another form becomes a problem, so that it does not
 * cost the others.
 */
function itemOf(item: unknown, asked: readonly string[]): StatusItem {
  const { status, ...rest } = (item ?? {}) as Partial<StatusItem>;
  const named = String(rest.entityRef).toLowerCase();
  const difference =
    itemShape(item, '') ??
    (asked.includes(named) ? undefined : `it is about ${rest.entityRef}`) ??
    (status ? statusShape(status, '') : undefined);
  if (!difference) return item as StatusItem;
  const entityRef = asked.includes(named) ? named : asked[0];
  return { entityRef, problem: unreadable(entityRef, difference) };
}

const unreadable = (entityRef: string, difference: string): Problem => ({
  type: 'urn:keeptrusts-bff:catalog-contract',
  title: `The answer about ${entityRef} could not be read.`,
  detail: `In the answer about ${entityRef} ${difference}.`,
  status: 502,
});

/** When the facts were read and how the clocks differ. */
function agesOf(
  reply: Response,
  value: object,
  receivedAt: number,
): Pick<Observed<unknown>, 'observedAt' | 'clockAheadMs'> {
  const moments = freshnessIn(value)
    .map(it => Date.parse(it.observedAt ?? ''))
    .filter(moment => !Number.isNaN(moment));
  if (!moments.length) return {};
  const oldest = Math.min(...moments);
  const age = Number.parseInt(reply.headers.get('age') ?? '', 10);
  // Another origin may hide the header; then the clocks are taken to agree.
  if (!(age >= 0)) return { observedAt: Math.min(oldest, receivedAt) };
  const observedAt = receivedAt - age * 1000;
  return { observedAt, clockAheadMs: observedAt - oldest };
}

/** How old an answer says that it is; one about many entities says so of each. */
function freshnessIn(
  value: Partial<{ freshness: Freshness; items: readonly unknown[] }>,
): Freshness[] {
  const items = (value.items ?? []) as (Partial<StatusItem> | null)[];
  return [
    value.freshness,
    ...items.map(item => item?.status?.freshness),
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
