import {
  GovernanceStatus,
  KeeptrustsApi,
  KeeptrustsError,
  NotConfiguredError,
  NotFoundError,
  NotPermittedError,
  Observed,
  PlatformStatus,
  RequestOptions,
  SpendReport,
  StatusItem,
  UnreachableError,
} from '../src/api';
import * as platforms from '../src/features/platform/fixtures';
import { reportOver } from '../src/features/spend/fixtures';
import * as statuses from '../src/fixtures/statuses';

const { NOW, ...named } = statuses;

/** Entity references are in lower case, and so are the names of the states here. */
const STATUSES = new Map<string, GovernanceStatus>(
  Object.entries(named).map(([name, status]) => [name.toLowerCase(), status]),
);

const FAILURES = new Map<string, KeeptrustsError>(
  Object.entries({
    'not-permitted': new NotPermittedError('not permitted'),
    'not-found': new NotFoundError('not found'),
    'not-configured': new NotConfiguredError('no proxy'),
    unreachable: new UnreachableError('no answer', {
      part: 'keeptrusts',
      retryAfter: 5,
      requestId: '0f3c',
    }),
  }),
);

/** How long an answer takes, in milliseconds, so that skeletons and refreshes can be seen. */
const DELAY_MS = 800;

/** The names of all states: an entity of that name is in that state. */
export const STATES = [...STATUSES.keys(), ...FAILURES.keys(), 'loading'];

/** Answers by the name of the entity, with the fixtures moved to the present. */
export class PlaygroundApi implements KeeptrustsApi {
  async getStatus(entityRef: string): Promise<Observed<GovernanceStatus>> {
    const state = entityRef.slice(entityRef.indexOf('/') + 1);
    if (state === 'loading') return new Promise(() => {});
    await pause();
    const status = STATUSES.get(state);
    if (!status) throw FAILURES.get(state) ?? new NotFoundError(state);
    const value = atPresent(status);
    const { observedAt } = value.freshness;
    return {
      value,
      observedAt: observedAt ? Date.parse(observedAt) : undefined,
    };
  }

  async getStatuses(
    entityRefs: readonly string[],
  ): Promise<Observed<StatusItem[]>> {
    const items = await Promise.all(
      entityRefs.map(async entityRef => ({
        entityRef,
        status: (await this.getStatus(entityRef)).value,
      })),
    );
    return { value: items, observedAt: Date.now() };
  }

  async getSpend(
    _entityRef: string,
    days: number,
  ): Promise<Observed<SpendReport>> {
    await pause();
    return { value: reportOver(days), observedAt: Date.now() };
  }

  async getPlatform(
    _options?: RequestOptions,
  ): Promise<Observed<PlatformStatus>> {
    await pause();
    return { value: atPresent(platforms.impaired), observedAt: Date.now() };
  }
}

function pause(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, DELAY_MS));
}

/** `value` with all its times as far from now as they are from the fixtures' own moment. */
function atPresent<T>(value: T): T {
  const delta = Date.now() - NOW;
  return JSON.parse(JSON.stringify(value), (_, member) =>
    typeof member === 'string' && /^\d{4}-\d\d-\d\dT/.test(member)
      ? new Date(Date.parse(member) + delta).toISOString()
      : member,
  );
}
