import { TablePagination } from '@backstage/ui';
import { useMemo, useState } from 'react';
import { Amount, RollUp, RollUpMember } from '../../api';
import {
  DEAREST_FIRST,
  MEMBER_COLUMNS,
  MemberOrder,
  orderedMembers,
} from '../../domain/memberOrder';
import { isZero } from '../../domain/money';
import { shareOf } from '../../domain/spendSeries';
import { useWords, Words } from '../../translations';
import { DataColumn, DataTable } from '../../ui/DataTable';
import { EntityName } from '../overview/EntityName';
import { PAGE_SIZE, pageOf } from '../overview/pages';
import { entityOf, MemberState } from './member';
import styles from './RollUp.module.css';

/** The members with their state and spend, to sort. */
export function MembersTable({
  members,
  total,
  now,
}: Pick<RollUp, 'members' | 'total'> & {
  /** In milliseconds of the service's clock. */
  now: number;
}) {
  const words = useWords();
  const { t, count, locale } = words;
  const [order, setOrder] = useState(DEAREST_FIRST);
  const [asked, setAsked] = useState(1);
  const columns = useMemo(
    () => columnsOf(words, total, now),
    [words, total, now],
  );
  const rows = useMemo(
    () => orderedMembers(members, order, locale),
    [members, order, locale],
  );
  const page = pageOf(rows, asked);
  return (
    <>
      <DataTable
        label={t('rollUp.members.heading')}
        columns={columns}
        rows={page.rows}
        idOf={refOf}
        sorting={order}
        onSort={({ column, direction }) => {
          const known = MEMBER_COLUMNS.find(it => it === column);
          if (!known) return;
          setOrder({ column: known, direction });
          setAsked(1);
        }}
      />
      {rows.length > PAGE_SIZE && (
        <TablePagination
          pageSize={PAGE_SIZE}
          showPageSizeOptions={false}
          offset={page.offset}
          totalCount={rows.length}
          hasPreviousPage={page.number > 1}
          hasNextPage={page.number < page.last}
          onPreviousPage={() => setAsked(page.number - 1)}
          onNextPage={() => setAsked(page.number + 1)}
          getLabel={() =>
            t('overview.range', {
              from: count(page.offset + 1),
              to: count(page.offset + page.rows.length),
              total: count(rows.length),
            })
          }
        />
      )}
    </>
  );
}

const refOf = ({ entityRef }: RollUpMember) => entityRef;

type Column = DataColumn<RollUpMember> & {
  id: MemberOrder['column'] | 'share' | 'keys';
};

function columnsOf(
  words: Words,
  total: RollUp['total'],
  now: number,
): Column[] {
  const { t, money, ratio } = words;
  return [
    {
      id: 'entity',
      label: t('rollUp.members.entity'),
      rowHeader: true,
      sortable: true,
      render: member => <EntityName entity={entityOf(member)} />,
    },
    {
      id: 'state',
      label: t('rollUp.members.state'),
      wide: true,
      sortable: true,
      render: member => <MemberState member={member} now={now} />,
    },
    {
      id: 'spent',
      label: t('rollUp.members.spent'),
      numeric: true,
      sortable: true,
      render: member => spentText(words, member),
    },
    {
      id: 'before',
      label: t('rollUp.members.before'),
      numeric: true,
      sortable: true,
      render: ({ previous, ...member }) =>
        previous && !standsElsewhere(member)
          ? money(previous)
          : t('overview.nothing'),
    },
    {
      id: 'share',
      label: t('rollUp.members.share'),
      numeric: true,
      render: member => {
        const spent = ownSpend(member);
        const share = spent && shareOf(spent, total);
        return share === undefined ? t('overview.nothing') : ratio(share);
      },
    },
    {
      id: 'keys',
      label: t('rollUp.members.keys'),
      wide: true,
      render: member => (
        <>
          {member.keys.map(key => (
            <span key={key} className={styles.line}>
              {key}
            </span>
          ))}
          {member.shared && (
            <span className={styles.second}>
              {standsElsewhere(member)
                ? t('rollUp.members.elsewhere')
                : t('rollUp.members.shared')}
            </span>
          )}
        </>
      ),
    },
  ];
}

function spentText({ t, money, bound }: Words, member: RollUpMember): string {
  if (member.withheld) return t('rollUp.members.withheld');
  const spent = ownSpend(member);
  return spent
    ? bound(money(spent), { complete: member.complete })
    : t('overview.nothing');
}

/** What is spent by the member's own key. One that has none, or whose key stands with another member, has not spent nothing. */
const ownSpend = (member: RollUpMember): Amount | undefined =>
  member.keys.length && member.spent && !standsElsewhere(member)
    ? member.spent
    : undefined;

/** Whether the spend of the member's key is counted with another member. */
const standsElsewhere = ({
  shared,
  spent,
}: Pick<RollUpMember, 'shared' | 'spent'>): boolean =>
  shared && Boolean(spent) && isZero(spent!);
