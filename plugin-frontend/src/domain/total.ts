import { Amount, BudgetStatus } from '../api';
import { GovernedEntity } from '../api/governedEntities';
import { Certainty } from './bounds';
import { addedUp } from './decimals';
import { sizeOf } from './spendSeries';

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
  const byKey = new Map<string, BudgetStatus>();
  for (const { entityRef, status, budget } of counted) {
    const { team, gatewayKey } = status;
    const key =
      team && gatewayKey ? `${team.id} ${gatewayKey.declared}` : entityRef;
    const other = byKey.get(key);
    // Of two statuses the one that was made later has read more.
    if (!other || sizeOf(other.spent) < sizeOf(budget.spent))
      byKey.set(key, budget);
  }
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
