import { Amount, GovernanceState } from '../../api';
import { Pace, paceOf } from '../../format';
import { GovernedEntity } from './governedEntities';

/** The columns by which the table can be sorted. */
export const COLUMNS = [
  'entity',
  'state',
  'spent',
  'budget',
  'pace',
  'wallet',
] as const;

/** One of the columns. */
export type ColumnId = (typeof COLUMNS)[number];

/** By which column, and which way. */
export interface Order {
  column: ColumnId;
  direction: 'ascending' | 'descending';
}

/** Worst first: what asks for something to be done, then what is not known, then what is in order. */
const STATE_RANKS: Record<GovernanceState, number> = {
  error: 0,
  warning: 1,
  unknown: 2,
  unconfigured: 3,
  ok: 4,
};

/** Most pressing first. */
const PACE_RANKS: Record<Exclude<Pace['kind'], 'no-budget'>, number> = {
  'used-up': 0,
  'runs-out': 1,
  uncertain: 2,
  'too-early': 3,
  'nothing-allowed': 4,
  lasts: 5,
  'day-over': 6,
};

/** The state of an entity; unknown where its status could not be had, or is in a state that has no name here. */
export const stateOf = ({ status }: GovernedEntity): GovernanceState =>
  status && Object.hasOwn(STATE_RANKS, status.state) ? status.state : 'unknown';

/**
 * The entities in an order, at `now` in milliseconds. What has nothing in the column comes last, whichever way; equals
 * come worst first, then by name.
 */
export function ordered(
  entities: readonly GovernedEntity[],
  { column, direction }: Order,
  now: number,
): GovernedEntity[] {
  const sign = direction === 'ascending' ? 1 : -1;
  const keyed = entities.map(entity => ({
    entity,
    key: keyOf(entity, column, now),
  }));
  keyed.sort((one, other) => {
    if (!one.key || !other.key)
      return (
        Number(!one.key) - Number(!other.key) ||
        compareByDefault(one.entity, other.entity)
      );
    return (
      sign * compare(one.key, other.key) ||
      compareByDefault(one.entity, other.entity)
    );
  });
  return keyed.map(it => it.entity);
}

/** What is compared, part by part; undefined where there is nothing. */
type Key = readonly (string | number)[];

function keyOf(
  entity: GovernedEntity,
  column: ColumnId,
  now: number,
): Key | undefined {
  const { budget, wallet } = entity.status ?? {};
  switch (column) {
    case 'entity':
      return [entity.title];
    case 'state':
      return [STATE_RANKS[stateOf(entity)]];
    case 'spent':
      return keyOfMoney(budget?.spent);
    case 'budget':
      return keyOfMoney(budget?.daily);
    case 'wallet':
      return keyOfMoney(wallet?.available);
    case 'pace':
      return budget ? keyOfPace(paceOf(budget, now)) : undefined;
    default:
      throw new Error(`no order by ${column satisfies never}`);
  }
}

function keyOfMoney(money: Amount | null | undefined): Key | undefined {
  return money ? [money.currency, Number(money.amount)] : undefined;
}

function keyOfPace(pace: Pace): Key | undefined {
  if (pace.kind === 'no-budget') return undefined;
  return [
    PACE_RANKS[pace.kind],
    pace.kind === 'runs-out' ? Date.parse(pace.at) : 0,
  ];
}

function compareByDefault(one: GovernedEntity, other: GovernedEntity): number {
  return (
    STATE_RANKS[stateOf(one)] - STATE_RANKS[stateOf(other)] ||
    one.title.localeCompare(other.title)
  );
}

function compare(one: Key, other: Key): number {
  for (const [index, part] of one.entries()) {
    const difference = compareParts(part, other[index]);
    if (difference) return difference;
  }
  return 0;
}

function compareParts(one: string | number, other: string | number): number {
  return typeof one === 'number' && typeof other === 'number'
    ? one - other
    : String(one).localeCompare(String(other));
}
