import { Entity } from '@backstage/catalog-model';
import {
  ContractError,
  Coverage,
  ExportedFile,
  ExportFormat,
  GovernanceState,
  GovernanceStatus,
  KeeptrustsApi,
  KeeptrustsError,
  NotConfiguredError,
  NotFoundError,
  NotPermittedError,
  Observed,
  PlatformStatus,
  RollUp,
  ServiceError,
  SignedOutError,
  SpendReport,
  StatusItem,
  TooManyRequestsError,
  UnreachableError,
  WebPageError,
  WorstStatuses,
  WrongTargetError,
} from '../src/api';
import { MOST_ENTITIES } from '../src/api/governedEntities';
import { stateOf } from '../src/domain/order';
import { STATES as STATES_WORST_FIRST } from '../src/features/overview/tableQuery';
import * as coverages from '../src/features/platform/coverageFixtures';
import * as platforms from '../src/features/platform/fixtures';
import * as rollUps from '../src/features/rollup/fixtures';
import * as spends from '../src/features/spend/fixtures';
import { claimingEntity } from '../src/fixtures/entities';
import * as statuses from '../src/fixtures/statuses';

const { NOW, ...named } = statuses;
const { reportOver, ...reports } = spends;

/** Entity references are in lower case, and so are the names of the states here. */
const lowered = <T>(values: Record<string, T>): Map<string, T> =>
  new Map(
    Object.entries(values).map(([name, value]) => [name.toLowerCase(), value]),
  );

const STATUSES = lowered<GovernanceStatus>(named);
const REPORTS = lowered<SpendReport>({
  ...reports,
  ofTeam: { ...spends.week, attribution: 'team' },
  ofTeamIncomplete: { ...spends.incomplete, attribution: 'team' },
});
const ROLL_UPS = lowered<RollUp>(rollUps);
const PLATFORM_STATES = lowered<PlatformStatus>({ ...platforms });
const COVERAGES = lowered<Coverage>({ ...coverages });

const FAILURES = new Map<string, KeeptrustsError>(
  Object.entries({
    'signed-out': new SignedOutError('signed out'),
    'not-permitted': new NotPermittedError('not permitted'),
    'not-found': new NotFoundError('not found'),
    'not-configured': new NotConfiguredError('no proxy'),
    'wrong-target': new WrongTargetError('another server'),
    'web-page': new WebPageError('a page'),
    'too-many-requests': new TooManyRequestsError('429', { retryAfter: 5 }),
    unreachable: new UnreachableError('no answer', {
      part: 'keeptrusts',
      retryAfter: 5,
      requestId: '0f3c',
    }),
    contract: new ContractError('odd', { detail: 'findings is not a list.' }),
    service: new ServiceError('failed'),
  }),
);

/** How long an answer takes, in milliseconds, so that skeletons and refreshes can be seen. */
const DELAY_MS = 800;

/** The names of all states: an entity of that name is in that state. */
export const STATES = [...STATUSES.keys(), ...FAILURES.keys(), 'loading'];
/** The names of all reports of spend, and of what may stand in the way of one. */
export const SPENDS = [...REPORTS.keys(), 'unreachable', 'loading'];
/** The names of all roll-ups, and of what may stand in the way of one. */
export const ROLLED_UP = [...ROLL_UPS.keys(), ...FAILURES.keys(), 'loading'];
/** The states of the gateway. */
export const PLATFORMS = [...PLATFORM_STATES.keys(), ...FAILURES.keys()];
/** The states of coverage. */
export const COVERAGE_STATES = [...COVERAGES.keys(), ...FAILURES.keys()];
/** The sets of entities that the page and the home card are shown with. */
export const OVERVIEWS = [
  'every',
  'one-in-order',
  'none',
  'too-many',
  ...FAILURES.keys(),
];

/** What the address asks to see. */
const asked = (name: string): string | null =>
  new URLSearchParams(window.location.search).get(name);

/** The entities of the catalog, as the address asks for them. */
export function entitiesAsked(): Entity[] {
  const names: Record<string, string[]> = {
    none: [],
    'one-in-order': ['inorder'],
    'too-many': Array.from(
      { length: MOST_ENTITIES + 1 },
      (_, index) => `e${String(index).padStart(4, '0')}`,
    ),
  };
  const shown = names[asked('entities') ?? ''] ?? [
    ...STATUSES.keys(),
    ...FAILURES.keys(),
  ];
  return shown.map(name => ({
    ...claimingEntity,
    metadata: { ...claimingEntity.metadata, name },
  }));
}

/** Answers by the name of the entity, with the fixtures moved to the present. */
export class PlaygroundApi implements KeeptrustsApi {
  async getStatus(entityRef: string): Promise<Observed<GovernanceStatus>> {
    const state = nameOf(entityRef);
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
    await pause();
    const failure = FAILURES.get(asked('entities') ?? '');
    if (failure) throw failure;
    return { value: entityRefs.map(itemOf), observedAt: Date.now() };
  }

  async getWorst(
    entityRefs: readonly string[],
    most: number,
  ): Promise<Observed<WorstStatuses>> {
    const { value: items } = await this.getStatuses(entityRefs);
    const states: Partial<Record<GovernanceState, number>> = {};
    for (const item of items)
      states[stateOf(item)] = (states[stateOf(item)] ?? 0) + 1;
    const pressing = STATES_WORST_FIRST.filter(it => it !== 'ok').flatMap(
      state => items.filter(item => stateOf(item) === state),
    );
    return {
      value: { items: pressing.slice(0, most), states },
      observedAt: Date.now(),
    };
  }

  async getSpend(
    entityRef: string,
    days: number,
  ): Promise<Observed<SpendReport>> {
    const state = nameOf(entityRef);
    if (state === 'loading') return new Promise(() => {});
    await pause();
    const failure = FAILURES.get(state);
    if (failure) throw failure;
    return {
      value: REPORTS.get(state) ?? reportOver(days),
      observedAt: Date.now(),
    };
  }

  async getCoverage(): Promise<Observed<Coverage>> {
    await pause();
    const state = asked('coverage') ?? 'patchy';
    const failure = FAILURES.get(state);
    if (failure) throw failure;
    return {
      value: atPresent(COVERAGES.get(state) ?? coverages.patchy),
      observedAt: Date.now(),
    };
  }

  async getRollUp(entityRef: string): Promise<Observed<RollUp>> {
    const state = nameOf(entityRef);
    if (state === 'loading') return new Promise(() => {});
    await pause();
    const failure = FAILURES.get(state);
    if (failure) throw failure;
    return {
      value: ROLL_UPS.get(state) ?? rollUps.team,
      observedAt: Date.now(),
    };
  }

  async exportSpend(
    entityRef: string,
    days: number,
    format: ExportFormat,
  ): Promise<ExportedFile> {
    await pause();
    const failure = FAILURES.get(nameOf(entityRef));
    if (failure) throw failure;
    return {
      name: `${nameOf(entityRef)}-${days}-days-${format}.csv`,
      content: new Blob(['day,spent\r\n'], { type: 'text/csv' }),
    };
  }

  async exportRollUp(
    entityRef: string,
    days: number,
    format: ExportFormat,
  ): Promise<ExportedFile> {
    return this.exportSpend(entityRef, days, format);
  }

  async getPlatform(): Promise<Observed<PlatformStatus>> {
    await pause();
    const state = asked('state') ?? 'impaired';
    const failure = FAILURES.get(state);
    if (failure) throw failure;
    return {
      value: atPresent(PLATFORM_STATES.get(state) ?? platforms.impaired),
      observedAt: Date.now(),
    };
  }
}

function itemOf(entityRef: string): StatusItem {
  const state = nameOf(entityRef);
  const failure = FAILURES.get(state);
  return failure
    ? {
        entityRef,
        problem: {
          type: `urn:keeptrusts-bff:${failure.kind}`,
          title: failure.message,
          status: failure.kind === 'not-permitted' ? 403 : 503,
        },
      }
    : { entityRef, status: atPresent(STATUSES.get(state) ?? named.inOrder) };
}

const nameOf = (entityRef: string): string =>
  entityRef.slice(entityRef.indexOf('/') + 1);

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
