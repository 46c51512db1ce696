import type { Entity } from '@backstage/catalog-model';
import { EntityCardBlueprint } from '@backstage/plugin-catalog-react/alpha';
import { z } from 'zod';
import { isKeeptrustsAvailable, isKeeptrustsGateway } from '../annotations';
import { SECTIONS } from '../features/status/sections';

/** As `@backstage/catalog-model` names the relation; importing that here would load its validators on every page. */
const CONSUMES_API = 'consumesApi';

/** The API of the gateway, as `catalog/` of this project names it. */
const GATEWAY_API = 'api:default/keeptrusts-gateway-api';

/**
 * Beside the content, on every entity that claims a gateway key and on those that consume the gateway's API without a key,
 * to say how to get one. An app may show it elsewhere (`type`, `filter`), whole (`compact: false`) or in part.
 */
export const governanceStatusCard = EntityCardBlueprint.makeWithOverrides({
  name: 'governance-status',
  configSchema: {
    compact: z.boolean().optional(),
    sections: z.array(z.enum(SECTIONS)).min(1).optional(),
    onboardingTemplate: z.string().optional(),
    docsUrl: z.string().optional(),
    gatewayApi: z.string().default(GATEWAY_API),
  },
  factory(card, { config }) {
    const { compact, sections, onboardingTemplate, docsUrl, gatewayApi } =
      config;
    const type = config.type ?? 'info';
    return card({
      type,
      filter: entity =>
        isKeeptrustsAvailable(entity) ||
        (consumes(entity, gatewayApi) && !isKeeptrustsGateway(entity)),
      loader: () =>
        import('../features/status/GovernanceStatusCard').then(m => (
          <m.GovernanceStatusCard
            // A card of the content has room for all of it.
            compact={compact ?? type === 'info'}
            sections={sections}
            onboardingTemplate={onboardingTemplate}
            docsUrl={docsUrl}
          />
        )),
    });
  },
});

function consumes({ relations = [] }: Entity, api: string): boolean {
  return relations.some(
    ({ type, targetRef }) =>
      type === CONSUMES_API && targetRef === api.toLowerCase(),
  );
}
