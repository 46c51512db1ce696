import { RouteFunc } from '@backstage/core-plugin-api';
import {
  configApiRef,
  errorApiRef,
  identityApiRef,
  routeResolutionApiRef,
  translationApiRef,
} from '@backstage/frontend-plugin-api';
import { mockApis, TestApiProvider } from '@backstage/frontend-test-utils';
import { catalogApiRef, entityRouteRef } from '@backstage/plugin-catalog-react';
import { render } from '@testing-library/react';
import { ReactElement } from 'react';
import { MemoryRouter, useLocation } from 'react-router-dom';
import {
  GovernanceState,
  KeeptrustsApi,
  keeptrustsApiRef,
  Observed,
  StatusItem,
  WorstStatuses,
} from '../api';
import { GovernedEntity, MOST_ENTITIES } from '../api/governedEntities';
import { stateOf } from '../api/states';
import { STATES } from '../features/overview/tableQuery';
import { NOW } from '../fixtures/statuses';
import { governancePageRouteRef } from '../routes';

/** What the components that show many entities find in an app. */
export interface OverviewSurroundings {
  /** What the catalog gives and the service answers. */
  entities: readonly GovernedEntity[];
  /** The address; the default is `/`. */
  address?: string;
  /** In place of the service's answer. */
  getStatuses?: KeeptrustsApi['getStatuses'];
  /** In place of the service's answer about the worst. */
  getWorst?: KeeptrustsApi['getWorst'];
  /** Whether the app has the AI governance page; by default it has. */
  withPage?: boolean;
}

/** Renders `element`; `location.search` is the address as it is then. */
export function renderOverview(
  element: ReactElement,
  surroundings: OverviewSurroundings,
) {
  const { entities, address = '/', withPage = true } = surroundings;
  const getEntities = jest.fn(async () => ({
    items: entities.map(({ kind, namespace, name, title }) => ({
      apiVersion: 'backstage.io/v1alpha1',
      kind,
      metadata: { namespace, name, title },
    })),
  }));
  const getStatuses = jest.fn<
    ReturnType<KeeptrustsApi['getStatuses']>,
    Parameters<KeeptrustsApi['getStatuses']>
  >(
    surroundings.getStatuses ??
      (async () => answerOf(entities.slice(0, MOST_ENTITIES))),
  );
  const getWorst = jest.fn<
    ReturnType<KeeptrustsApi['getWorst']>,
    Parameters<KeeptrustsApi['getWorst']>
  >(surroundings.getWorst ?? (async (_, most) => worstOf(entities, most)));
  const location = { search: '' };
  const Probe = () => {
    location.search = useLocation().search;
    return null;
  };
  render(
    <TestApiProvider
      apis={[
        [keeptrustsApiRef, { getStatuses, getWorst } as never],
        [catalogApiRef, { getEntities } as never],
        [configApiRef, mockApis.config({ data: { app: { title: 'Acme' } } })],
        [errorApiRef, mockApis.error()],
        [identityApiRef, mockApis.identity()],
        [routeResolutionApiRef, { resolve: routesOf(withPage) } as never],
        [translationApiRef, mockApis.translation()],
      ]}
    >
      <MemoryRouter
        initialEntries={[address]}
        future={{ v7_startTransition: true, v7_relativeSplatPath: true }}
      >
        {element}
        <Probe />
      </MemoryRouter>
    </TestApiProvider>,
  );
  return { getEntities, getStatuses, getWorst, location };
}

/** As the service answers: by state, in the order of the request. */
const worstOf = (
  entities: readonly GovernedEntity[],
  most: number,
): Observed<WorstStatuses> => {
  const asked = entities.slice(0, MOST_ENTITIES);
  const states: Partial<Record<GovernanceState, number>> = {};
  for (const it of asked) states[stateOf(it)] = (states[stateOf(it)] ?? 0) + 1;
  const pressing = STATES.filter(state => state !== 'ok').flatMap(state =>
    asked.filter(it => stateOf(it) === state),
  );
  const { value, observedAt } = answerOf(pressing.slice(0, most));
  return { value: { items: value, states }, observedAt };
};

const answerOf = (
  entities: readonly GovernedEntity[],
): Observed<StatusItem[]> => ({
  value: entities.map(({ entityRef, status, failure }) => ({
    entityRef,
    status,
    problem: failure && {
      type: `urn:keeptrusts-bff:${failure.kind}`,
      title: failure.message,
      status: 404,
    },
  })),
  observedAt: NOW,
});

const routesOf = (withPage: boolean) => (ref: unknown) => {
  const routeTo: RouteFunc<Record<string, string>> = params =>
    `/catalog/${params?.namespace}/${params?.kind}/${params?.name}`;
  if (ref === entityRouteRef) return routeTo;
  return ref === governancePageRouteRef && withPage
    ? () => '/ai-governance'
    : undefined;
};
