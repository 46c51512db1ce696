import { Container, Grid } from '@backstage/ui';
import { EntityProvider } from '@backstage/plugin-catalog-react';
import { GatewayCard } from '../src/features/platform/GatewayCard';
import { GovernanceStatusCard } from '../src/features/status/GovernanceStatusCard';
import { SpendContent } from '../src/features/spend/SpendContent';
import {
  claimingEntity,
  gatewayEntity,
  plainEntity,
} from '../src/fixtures/entities';
import { STATES } from './PlaygroundApi';

const entityIn = (state: string) => ({
  ...claimingEntity,
  metadata: { ...claimingEntity.metadata, name: state },
});

/** The cards in every state that they have, and the spend of one entity. */
export const Playground = () => (
  <Container>
    <Grid.Root columns={{ initial: '1', md: '2' }}>
      {[plainEntity, ...STATES.map(entityIn)].map(entity => (
        <EntityProvider entity={entity} key={entity.metadata.name}>
          <GovernanceStatusCard />
        </EntityProvider>
      ))}
      <EntityProvider entity={gatewayEntity}>
        <GatewayCard />
      </EntityProvider>
    </Grid.Root>
    <EntityProvider entity={claimingEntity}>
      <SpendContent />
    </EntityProvider>
  </Container>
);
