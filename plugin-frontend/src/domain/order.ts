import { Amount, GovernanceState, GovernanceStatus } from '../api';
import { GovernedEntity } from '../api/governedEntities';
import { known } from './known';
import { Pace, paceOf } from './pace';

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

/** Where a state stands among all, the worst at 0; one that has no name here is unknown. */
export const stateRank = (state: GovernanceState): number =>
  known(STATE_RANKS, state) ?? STATE_RANKS.unknown;

/** Most pressing first. */
const PACE_RANKS: Record<Exclude<Pace['kind'], 'no-budget'>, number> = {
  'used-up': 0,
  'runs-out': 1,
  'perhaps-lasts': 2,
  uncertain: 2,
  'too-early': 3,
  'nothing-allowed': 4,
  lasts: 5,
  'day-over': 6,
};

/** The state of an entity; unknown where its status could not be had, or is in a state that has no name here. */
export const stateOf = ({
  status,
}: {
  status?: GovernanceStatus | null;
}): GovernanceState =>
  status && Object.hasOwn(STATE_RANKS, status.state) ? status.state : 'unknown';

/**
 * The entities in an order, at `now` in milliseconds, names as `locale` sorts them. What has nothing in the column comes last, whichever way; equals
 * come worst first, then by name.
 */
export function ordered(
  entities: readonly GovernedEntity[],
  { column, direction }: Order,
  now: number,
  locale: string,
): GovernedEntity[] {
  const { compare: byWord } = new Intl.Collator(locale);
  const sign = direction === 'ascending' ? 1 : -1;
  const keyed = entities.map(entity => ({
    entity,
    key: keyOf(entity, column, now),
  }));
  keyed.sort((one, other) => {
    if (!one.key || !other.key)
      return (
        Number(!one.key) - Number(!other.key) ||
        compareByDefault(one.entity, other.entity, byWord)
      );
    return (
      sign * compare(one.key, other.key, byWord) ||
      compareByDefault(one.entity, other.entity, byWord)
    );
  });
  return keyed.map(it => it.entity);
}

/** What is compared, part by part; undefined where there is nothing. */
type Key = readonly (string | number)[];

/** Compares two words, as `Array.sort` wants it. */
type ByWord = (one: string, other: string) => number;

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

function compareByDefault(
  one: GovernedEntity,
  other: GovernedEntity,
  byWord: ByWord,
): number {
  return (
    STATE_RANKS[stateOf(one)] - STATE_RANKS[stateOf(other)] ||
    byWord(one.title, other.title)
  );
}

function compare(one: Key, other: Key, byWord: ByWord): number {
  for (const [index, part] of one.entries()) {
    const difference = compareParts(part, other[index], byWord);
    if (difference) return difference;
  }
  return 0;
}

function compareParts(
  one: string | number,
  other: string | number,
  byWord: ByWord,
): number {
  return typeof one === 'number' && typeof other === 'number'
    ? one - other
    : byWord(String(one), String(other));
}
