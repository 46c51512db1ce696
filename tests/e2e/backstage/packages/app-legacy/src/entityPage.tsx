import { EntityLayout, EntitySwitch } from '@backstage/plugin-catalog';

/** What the plugin brings for the old frontend system. */
export type Plugin = typeof import('backstage-plugin-keeptrusts/legacy');

/** The page of every entity, with what this project's README says to put there. */
export const entityPageWith = ({
  EntityAiSpendContent,
  EntityGatewayCard,
  EntityGovernanceStatusCard,
  EntityRollUpCard,
  EntityRollUpContent,
  isKeeptrustsAvailable,
  isKeeptrustsGateway,
  isKeeptrustsRollUp,
}: Plugin) => (
  <EntityLayout>
    <EntityLayout.Route path="/" title="Overview">
      <>
        <EntitySwitch>
          <EntitySwitch.Case if={isKeeptrustsAvailable}>
            <EntityGovernanceStatusCard />
          </EntitySwitch.Case>
        </EntitySwitch>
        <EntitySwitch>
          <EntitySwitch.Case if={isKeeptrustsGateway}>
            <EntityGatewayCard />
          </EntitySwitch.Case>
        </EntitySwitch>
        <EntitySwitch>
          <EntitySwitch.Case if={isKeeptrustsRollUp}>
            <EntityRollUpCard />
          </EntitySwitch.Case>
        </EntitySwitch>
      </>
    </EntityLayout.Route>
    <EntityLayout.Route path="/ai-spend" title="AI spend" if={isKeeptrustsAvailable}>
      <EntityAiSpendContent />
    </EntityLayout.Route>
    <EntityLayout.Route path="/ai-roll-up" title="AI spend" if={isKeeptrustsRollUp}>
      <EntityRollUpContent />
    </EntityLayout.Route>
  </EntityLayout>
);
