import { Amount } from '../api';
import { GovernedEntity } from '../api/governedEntities';
import { Certainty } from './bounds';
import { addedUp } from './decimals';

/** What entities have spent today, together. */
export interface Total extends Certainty {
  spent: Amount;
  /** How many entities it is the spend of. */
  entities: number;
  /** Of how many the spend is not known, or not for the viewer; then the sum is a lower bound. */
  unknown: number;
}

/**
 * The sum of today's spend of entities, the key of a team once however many claim it; undefined where none is known. Sums
 * in another currency than the first one's count as not known.
 */
export function totalOf(
  entities: readonly GovernedEntity[],
): Total | undefined {
  const known = entities.flatMap(({ entityRef, status }) =>
    status?.budget ? [{ entityRef, status, budget: status.budget }] : [],
  );
  if (!known.length) return undefined;
  const { currency } = known[0].budget.spent;
  const counted = known.filter(it => it.budget.spent.currency === currency);
  const byKey = new Map(
    counted.map(({ entityRef, status: { team, gatewayKey }, budget }) => [
      team && gatewayKey ? `${team.id} ${gatewayKey.declared}` : entityRef,
      budget,
    ]),
  );
  const sums = [...byKey.values()];
  const unknown = entities.length - counted.length;
  return {
    spent: { amount: addedUp(sums.map(it => it.spent.amount)), currency },
    entities: counted.length,
    unknown,
    complete: unknown === 0 && sums.every(it => it.complete),
    attribution: sums.some(it => it.attribution === 'team') ? 'team' : 'key',
  };
}
