import { Entity } from '@backstage/catalog-model';
import { coreExtensionData } from '@backstage/frontend-plugin-api';
import {
  createExtensionTester,
  TestApiProvider,
  renderInTestApp,
} from '@backstage/frontend-test-utils';
import { EntityProvider } from '@backstage/plugin-catalog-react';
import {
  EntityCardBlueprint,
  EntityContentBlueprint,
} from '@backstage/plugin-catalog-react/alpha';
import { homePageWidgetDataRef } from '@backstage/plugin-home-react/alpha';
import { screen } from '@testing-library/react';
import { keeptrustsApiRef } from '../api';
import { working } from '../features/platform/fixtures';
import {
  claimingEntity,
  gatewayEntity,
  plainEntity,
} from '../fixtures/entities';
import { inOrder } from '../fixtures/statuses';
import main from '..';
import alias from '.';
import { attentionCard } from './attentionCard';
import { gatewayCard } from './gatewayCard';
import { governancePage } from './governancePage';
import { governanceStatusCard } from './governanceStatusCard';
import { keeptrustsPlugin } from './plugin';
import { rollUpCard } from './rollUpCard';
import { rollUpContent } from './rollUpContent';
import { spendContent } from './spendContent';

const consumingEntity = {
  ...plainEntity,
  relations: [
    { type: 'consumesApi', targetRef: 'api:default/keeptrusts-gateway-api' },
  ],
};

const group = { ...plainEntity, kind: 'Group' };
const system = { ...plainEntity, kind: 'System' };
const domain = { ...plainEntity, kind: 'Domain' };

const { filterFunction } = EntityCardBlueprint.dataRefs;

function shownBy(filter?: (entity: Entity) => boolean) {
  return [
    claimingEntity,
    plainEntity,
    consumingEntity,
    gatewayEntity,
    group,
    system,
    domain,
  ].filter(filter!);
}

describe('the plugin of the new frontend system', () => {
  it('is known by its id', () => {
    expect(keeptrustsPlugin.pluginId).toBe('keeptrusts');
  });

  it('shows the status on what claims a key, and on what uses the gateway without one', () => {
    expect(
      shownBy(createExtensionTester(governanceStatusCard).get(filterFunction)),
    ).toEqual([claimingEntity, consumingEntity]);
  });

  it('shows the status beside the content, where an app does not say otherwise', () => {
    const { type } = EntityCardBlueprint.dataRefs;

    expect(createExtensionTester(governanceStatusCard).get(type)).toBe('info');
    expect(
      createExtensionTester(governanceStatusCard, {
        config: { type: 'content' },
      }).get(type),
    ).toBe('content');
  });

  it.each([
    ['sections', ['findings', 'nonsense']],
    ['compact', 'yes'],
  ])('refuses a wrong %s in the configuration by its name', (name, value) => {
    expect(() =>
      createExtensionTester(governanceStatusCard, {
        config: { [name]: value } as {},
      }).get(filterFunction),
    ).toThrow(new RegExp(name));
  });

  it('is the same under both of its names', () => {
    expect(alias).toBe(main);
  });

  it('shows the gateway’s health on the gateway alone', () => {
    expect(
      shownBy(createExtensionTester(gatewayCard).get(filterFunction)),
    ).toEqual([gatewayEntity]);
  });

  it('renders the status card', async () => {
    renderInTestApp(
      <TestApiProvider
        apis={
          [
            [keeptrustsApiRef, { getStatus: async () => ({ value: inOrder }) }],
          ] as never
        }
      >
        <EntityProvider entity={claimingEntity}>
          {createExtensionTester(governanceStatusCard).reactElement()}
        </EntityProvider>
      </TestApiProvider>,
    );

    expect(await screen.findByText('In order')).toBeInTheDocument();
  });

  it('renders the gateway card', async () => {
    renderInTestApp(
      <TestApiProvider
        apis={
          [
            [
              keeptrustsApiRef,
              { getPlatform: async () => ({ value: working }) },
            ],
          ] as never
        }
      >
        <EntityProvider entity={gatewayEntity}>
          {createExtensionTester(gatewayCard).reactElement()}
        </EntityProvider>
      </TestApiProvider>,
    );

    expect(await screen.findByText('Working')).toBeInTheDocument();
  });

  it('shows the spend of what claims a key, under an address of its own', () => {
    const tester = createExtensionTester(spendContent);

    expect(
      shownBy(tester.get(EntityContentBlueprint.dataRefs.filterFunction)),
    ).toEqual([claimingEntity]);
    expect(tester.get(coreExtensionData.routePath)).toBe('/ai-spend');
  });

  it('shows a card and a tab of their members on groups, systems and domains', () => {
    const card = createExtensionTester(rollUpCard);
    const tab = createExtensionTester(rollUpContent);
    const withMembers = [group, system, domain];

    expect(shownBy(card.get(filterFunction))).toEqual(withMembers);
    expect(card.get(EntityCardBlueprint.dataRefs.type)).toBe('info');
    expect(
      shownBy(tab.get(EntityContentBlueprint.dataRefs.filterFunction)),
    ).toEqual(withMembers);
    // No other tab of this plugin has the same address: an app tells its tabs apart by them.
    expect(tab.get(coreExtensionData.routePath)).toBe('/ai-roll-up');
  });

  it('has a page with a title and an icon for the navigation', () => {
    const tester = createExtensionTester(governancePage);

    expect(tester.get(coreExtensionData.routePath)).toBe('/ai-governance');
    expect(tester.get(coreExtensionData.title)).toBe('AI Governance');
    expect(tester.get(coreExtensionData.icon)).toBeDefined();
  });

  it('has a card for the home page', () => {
    const widget = createExtensionTester(attentionCard).get(
      homePageWidgetDataRef,
    );

    expect(widget.title).toBe('AI Governance: what needs my attention');
  });
});
