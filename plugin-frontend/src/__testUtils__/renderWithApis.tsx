import { Entity } from '@backstage/catalog-model';
import {
  ApiRef,
  errorApiRef,
  translationApiRef,
} from '@backstage/frontend-plugin-api';
import { mockApis, TestApiProvider } from '@backstage/frontend-test-utils';
import { EntityProvider } from '@backstage/plugin-catalog-react';
import { render, RenderResult } from '@testing-library/react';
import { PropsWithChildren, ReactElement } from 'react';
import { MemoryRouter } from 'react-router-dom';
import { KeeptrustsApi, keeptrustsApiRef } from '../api';
import { claimingEntity } from '../fixtures/entities';

/** What a test gives to the components that it renders. */
export interface Surroundings {
  api?: Partial<KeeptrustsApi>;
  entity?: Entity;
  /** The address; the default is `/`. */
  address?: string;
  /** More APIs of the app. */
  apis?: readonly (readonly [ApiRef<unknown>, unknown])[];
}

/** The surroundings that a component has in an app: its APIs, the entity of the page, a router. */
export function surroundedBy({
  api = {},
  entity = claimingEntity,
  apis = [],
  address = '/',
}: Surroundings) {
  return ({ children }: PropsWithChildren) => (
    <TestApiProvider
      apis={[
        [keeptrustsApiRef, api as KeeptrustsApi],
        [errorApiRef, mockApis.error()],
        [translationApiRef, mockApis.translation()],
        ...(apis as [ApiRef<unknown>, object][]),
      ]}
    >
      <MemoryRouter
        initialEntries={[address]}
        future={{ v7_startTransition: true, v7_relativeSplatPath: true }}
      >
        <EntityProvider entity={entity}>{children}</EntityProvider>
      </MemoryRouter>
    </TestApiProvider>
  );
}

/** Renders `element` in its surroundings. */
export function renderWithApis(
  element: ReactElement,
  surroundings: Surroundings = {},
): RenderResult {
  return render(element, { wrapper: surroundedBy(surroundings) });
}
