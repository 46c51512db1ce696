import { TablePagination } from '@backstage/ui';
import { useMemo } from 'react';
import { GovernedEntity } from '../../api/governedEntities';
import { ColumnId, COLUMNS, Order } from '../../domain/order';
import { Translate, useWords } from '../../translations';
import { Legible } from '../../ui/CardFrame';
import { DataColumn, DataTable } from '../../ui/DataTable';
import {
  BudgetCell,
  PaceCell,
  SpentCell,
  StateCell,
  WalletCell,
} from './cells';
import { EntityName } from './EntityName';
import styles from './GovernancePage.module.css';
import { PAGE_SIZE, Page } from './pages';

type Column = DataColumn<GovernedEntity> & { id: ColumnId };

/** One page of entities, a column for each thing to sort by. */
export function GovernanceTable(props: {
  page: Page<GovernedEntity>;
  total: number;
  order: Order;
  now: number;
  onOrder: (order: Order) => void;
  onPage: (number: number) => void;
}) {
  const { page, total, order, now, onOrder, onPage } = props;
  const { t, count } = useWords();
  const columns = useMemo(() => columnsAt(t, now), [t, now]);
  return (
    <Legible>
      <div className={styles.table}>
        <DataTable
          label={t('overview.table.label')}
          columns={columns}
          rows={page.rows}
          idOf={refOf}
          sorting={order}
          onSort={({ column, direction }) => {
            const known = COLUMNS.find(it => it === column);
            if (known) onOrder({ column: known, direction });
          }}
        />
        {total > PAGE_SIZE && (
          <TablePagination
            pageSize={PAGE_SIZE}
            showPageSizeOptions={false}
            offset={page.offset}
            totalCount={total}
            hasPreviousPage={page.number > 1}
            hasNextPage={page.number < page.last}
            onPreviousPage={() => onPage(page.number - 1)}
            onNextPage={() => onPage(page.number + 1)}
            getLabel={() =>
              t('overview.range', {
                from: count(page.offset + 1),
                to: count(page.offset + page.rows.length),
                total: count(total),
              })
            }
          />
        )}
      </div>
    </Legible>
  );
}

const refOf = ({ entityRef }: GovernedEntity) => entityRef;

function columnsAt(t: Translate, now: number): Column[] {
  return [
    {
      id: 'entity',
      label: t('overview.table.entity'),
      rowHeader: true,
      sortable: true,
      render: entity => <EntityName entity={entity} />,
    },
    {
      id: 'state',
      label: t('overview.table.state'),
      wide: true,
      sortable: true,
      render: entity => <StateCell entity={entity} now={now} />,
    },
    {
      id: 'spent',
      label: t('overview.table.spent'),
      numeric: true,
      sortable: true,
      render: entity => <SpentCell entity={entity} />,
    },
    {
      id: 'budget',
      label: t('overview.table.budget'),
      sortable: true,
      render: entity => <BudgetCell entity={entity} />,
    },
    {
      id: 'pace',
      label: t('overview.table.pace'),
      sortable: true,
      render: entity => <PaceCell entity={entity} now={now} />,
    },
    {
      id: 'wallet',
      label: t('overview.table.wallet'),
      numeric: true,
      sortable: true,
      render: entity => <WalletCell entity={entity} />,
    },
  ];
}
