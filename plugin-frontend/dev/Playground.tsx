import { Entity } from '@backstage/catalog-model';
import { EntityProvider } from '@backstage/plugin-catalog-react';
import { Container, Flex, Grid, Text } from '@backstage/ui';
import { useParams } from 'react-router-dom';
import { AttentionCard } from '../src/features/overview/AttentionCard';
import { GatewayCard } from '../src/features/platform/GatewayCard';
import { RollUpCard } from '../src/features/rollup/RollUpCard';
import { RollUpContent } from '../src/features/rollup/RollUpContent';
import { SpendContent } from '../src/features/spend/SpendContent';
import { GovernanceStatusCard } from '../src/features/status/GovernanceStatusCard';
import {
  claimingEntity,
  gatewayEntity,
  groupEntity,
  plainEntity,
} from '../src/fixtures/entities';
import {
  COVERAGE_STATES,
  OVERVIEWS,
  PLATFORMS,
  ROLLED_UP,
  SPENDS,
  STATES,
} from './PlaygroundApi';

const entityIn = (state: string): Entity => ({
  ...claimingEntity,
  metadata: { ...claimingEntity.metadata, name: state },
});

/** The status card in every state that it has, and the ways to the other views. */
export const Playground = () => (
  <Container>
    <Flex direction="column" gap="6">
      <Ways />
      <Grid.Root columns={{ initial: '1', md: '2' }}>
        {[plainEntity, ...STATES.map(entityIn)].map(entity => (
          <EntityProvider entity={entity} key={entity.metadata.name}>
            <GovernanceStatusCard />
          </EntityProvider>
        ))}
      </Grid.Root>
    </Flex>
  </Container>
);

/** The compact card in every state. */
export const CompactCards = () => (
  <Container>
    <Grid.Root columns={{ initial: '1', sm: '2', md: '3' }}>
      {[plainEntity, ...STATES.map(entityIn)].map(entity => (
        <EntityProvider entity={entity} key={entity.metadata.name}>
          <GovernanceStatusCard compact />
        </EntityProvider>
      ))}
    </Grid.Root>
  </Container>
);

/** The spend of one entity in every state. */
export const Spends = () => (
  <Container>
    <Flex direction="column" gap="8">
      {SPENDS.map(state => (
        <EntityProvider entity={entityIn(state)} key={state}>
          <Text as="h2" variant="title-x-small">
            {state}
          </Text>
          <SpendContent />
        </EntityProvider>
      ))}
    </Flex>
  </Container>
);

const groupIn = (state: string): Entity => ({
  ...groupEntity,
  metadata: { ...groupEntity.metadata, name: state },
});

/** The card of a group in every state. */
export const RollUpCards = () => (
  <Container>
    <Grid.Root columns={{ initial: '1', sm: '2', md: '3' }}>
      {ROLLED_UP.map(state => (
        <EntityProvider entity={groupIn(state)} key={state}>
          <RollUpCard />
        </EntityProvider>
      ))}
    </Grid.Root>
  </Container>
);

/** The tab of a group in the state that the address names. */
export const RollUps = () => (
  <Container>
    <EntityProvider
      entity={groupIn(
        new URLSearchParams(window.location.search).get('state') ?? 'team',
      )}
    >
      <RollUpContent />
    </EntityProvider>
  </Container>
);

/** The gateway in the state that the address names. */
export const Platform = () => (
  <Container>
    <EntityProvider entity={gatewayEntity}>
      <GatewayCard />
    </EntityProvider>
  </Container>
);

/** What the home page shows, for the entities that the address names. */
export const Home = () => (
  <Container>
    <AttentionCard />
  </Container>
);

/** The page of one entity, which links of the other views lead to. */
export function EntityPage() {
  const { name = '' } = useParams();
  return (
    <Container>
      <EntityProvider entity={entityIn(name)}>
        <Flex direction="column" gap="6">
          <GovernanceStatusCard />
          <SpendContent />
        </Flex>
      </EntityProvider>
    </Container>
  );
}

/** Each view in each state. A way loads the page, so that no answer of another state is kept. */
function Ways() {
  const ways = [
    ['/compact', 'compact cards'],
    ['/spend', 'spend'],
    ['/roll-up-cards', 'cards of a group'],
    ...ROLLED_UP.map(it => [`/roll-up?state=${it}`, `group: ${it}`]),
    ...PLATFORMS.map(it => [`/platform?state=${it}`, `gateway: ${it}`]),
    ...OVERVIEWS.map(it => [`/ai-governance?entities=${it}`, `page: ${it}`]),
    ...COVERAGE_STATES.map(it => [
      `/ai-governance?view=coverage&coverage=${it}`,
      `coverage: ${it}`,
    ]),
    ...OVERVIEWS.map(it => [`/home?entities=${it}`, `home card: ${it}`]),
  ];
  return (
    <nav aria-label="Views">
      <ul>
        {ways.map(([href, label]) => (
          <li key={href}>
            <a href={href}>{label}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
