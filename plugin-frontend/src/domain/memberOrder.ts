import { Amount, RollUpMember } from '../api';
import { Order, stateRank } from './order';
import { sizeOf } from './spendSeries';

/** The columns by which the members of a roll-up can be sorted. */
export const MEMBER_COLUMNS = ['entity', 'state', 'spent', 'before'] as const;

/** By which column, and which way. */
export interface MemberOrder {
  column: (typeof MEMBER_COLUMNS)[number];
  direction: Order['direction'];
}

/** As the service sends them: what costs most comes first. */
export const DEAREST_FIRST: MemberOrder = {
  column: 'spent',
  direction: 'descending',
};

/**
 * The members in an order, references as `locale` sorts them. An amount that is not known comes last, whichever way; equals
 * keep the order of the service.
 */
export function orderedMembers(
  members: readonly RollUpMember[],
  { column, direction }: MemberOrder,
  locale: string,
): RollUpMember[] {
  const { compare } = new Intl.Collator(locale);
  const sign = direction === 'ascending' ? 1 : -1;
  const byAmount = (one?: Amount | null, other?: Amount | null) =>
    one && other
      ? sign * (sizeOf(one) - sizeOf(other))
      : Number(!one) - Number(!other);
  return [...members].sort((one, other) => {
    switch (column) {
      case 'entity':
        return sign * compare(nameOf(one), nameOf(other));
      case 'state':
        return sign * (stateRank(one.state) - stateRank(other.state));
      case 'spent':
        return byAmount(one.spent, other.spent);
      case 'before':
        return byAmount(one.previous, other.previous);
      default:
        throw new Error(`no order by ${column satisfies never}`);
    }
  });
}

const nameOf = ({ entityRef }: RollUpMember): string =>
  entityRef.slice(entityRef.lastIndexOf('/') + 1);
