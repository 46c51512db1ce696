import type { Entity } from '@backstage/catalog-model';

/** On an entity: the name of its Keeptrusts gateway key. @public */
export const KEEPTRUSTS_KEY_ANNOTATION = 'keeptrusts.dev/gateway-key-name';
/** On an entity: the policy tier that it claims. @public */
export const KEEPTRUSTS_TIER_ANNOTATION = 'keeptrusts.dev/policy-tier';
/** On an entity: its daily budget in USD, a decimal string. @public */
export const KEEPTRUSTS_BUDGET_ANNOTATION = 'keeptrusts.dev/daily-budget';
/** Marks the entity of the gateway itself. @public */
export const KEEPTRUSTS_GATEWAY_ANNOTATION = 'keeptrusts.dev/gateway-type';

/** Whether the entity claims a Keeptrusts gateway key. @public */
export const isKeeptrustsAvailable = (entity: Entity): boolean =>
  Object.hasOwn(entity.metadata.annotations ?? {}, KEEPTRUSTS_KEY_ANNOTATION);

/** Whether the entity is a Keeptrusts gateway. @public */
export const isKeeptrustsGateway = (entity: Entity): boolean =>
  Object.hasOwn(
    entity.metadata.annotations ?? {},
    KEEPTRUSTS_GATEWAY_ANNOTATION,
  );

const WITH_MEMBERS = new Set(['group', 'system', 'domain']);

/** Whether the entity has members whose AI access can be rolled up: a group, a system or a domain. @public */
export const isKeeptrustsRollUp = (entity: Entity): boolean =>
  WITH_MEMBERS.has(entity.kind.toLocaleLowerCase('en-US'));
