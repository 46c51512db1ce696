import { coreServices, createBackendModule } from '@backstage/backend-plugin-api';
import { parseEntityRef } from '@backstage/catalog-model';
import { catalogConditions, createCatalogConditionalDecision } from '@backstage/plugin-catalog-backend/alpha';
import { AuthorizeResult, isResourcePermission } from '@backstage/plugin-permission-common';
import { policyExtensionPoint } from '@backstage/plugin-permission-node/alpha';
import type { PermissionCondition, PermissionCriteria, PolicyDecision } from '@backstage/plugin-permission-common';
import type { PermissionPolicy, PolicyQuery, PolicyQueryUser } from '@backstage/plugin-permission-node';

/** The entity, by reference, that one user, by reference, may not read. */
interface DeniedRead {
  user: string;
  entity: string;
}

/** Allows everything but the denied reads, and denies those as Backstage does it: the entity is not there for that user. Denies amounts by name. */
class DeniedReadsPolicy implements PermissionPolicy {
  readonly #denied: DeniedRead[];
  readonly #withoutAmounts: string[];

  constructor(denied: DeniedRead[], withoutAmounts: string[]) {
    this.#denied = denied;
    this.#withoutAmounts = withoutAmounts;
  }

  async handle({ permission }: PolicyQuery, user?: PolicyQueryUser): Promise<PolicyDecision> {
    const [first, ...others] = this.#denied.filter(it => it.user === user?.info.userEntityRef).map(it => isNot(it.entity));
    if (first && isResourcePermission(permission, 'catalog-entity')) {
      return createCatalogConditionalDecision(permission, { allOf: [first, ...others] });
    }
    const ref = user?.info.userEntityRef;
    if (permission.name === 'keeptrusts.spend.read' && ref && this.#withoutAmounts.includes(ref)) {
      return { result: AuthorizeResult.DENY };
    }
    return { result: AuthorizeResult.ALLOW };
  }
}

function isNot(entityRef: string): PermissionCriteria<PermissionCondition<'catalog-entity'>> {
  const { kind, namespace, name } = parseEntityRef(entityRef);
  return {
    not: {
      allOf: [
        catalogConditions.isEntityKind({ kinds: [kind] }),
        catalogConditions.hasMetadata({ key: 'namespace', value: namespace }),
        catalogConditions.hasMetadata({ key: 'name', value: name }),
      ],
    },
  };
}

/** Reads the denied reads from `permission.deniedReads`, and who sees no amounts from `permission.withoutAmounts`. */
export const deniedReads = createBackendModule({
  pluginId: 'permission',
  moduleId: 'denied-reads-policy',
  register(env) {
    env.registerInit({
      deps: { config: coreServices.rootConfig, policy: policyExtensionPoint },
      async init({ config, policy }) {
        const denied = config.getConfigArray('permission.deniedReads').map(it => ({
          user: it.getString('user'),
          entity: it.getString('entity'),
        }));
        policy.setPolicy(new DeniedReadsPolicy(denied, config.getStringArray('permission.withoutAmounts')));
      },
    });
  },
});
