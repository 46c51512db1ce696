import {
  Cell,
  Column,
  Row,
  TableBody,
  TableHeader,
  TableRoot,
} from '@backstage/ui';
import { ReactNode } from 'react';
import styles from './DataTable.module.css';

/** A column: what stands above it and what a row has in it. */
export interface DataColumn<T> {
  id: string;
  label: string;
  /** Numbers stand under each other's digits. */
  numeric?: boolean;
  /** The column whose cell names the row. */
  rowHeader?: boolean;
  sortable?: boolean;
  /** Takes a line of its own where rows become blocks. */
  wide?: boolean;
  render: (row: T) => ReactNode;
}

/** By which column the rows are sorted, and which way. */
export interface Sorting {
  column: string;
  direction: 'ascending' | 'descending';
}

/** What a table shows. */
export interface DataTableProps<T> {
  /** Names the table for screen readers. */
  label: string;
  columns: readonly DataColumn<T>[];
  /** In the order in which they are shown: the table asks for another, it does not sort. */
  rows: readonly T[];
  idOf: (row: T) => string;
  sorting?: Sorting;
  onSort?: (sorting: Sorting) => void;
}

/**
 * A table; where there is little room each row becomes a block, its cells with their columns' names. It stays a grid of
 * rows and cells to screen readers and the keyboard.
 */
export function DataTable<T extends object>(props: DataTableProps<T>) {
  const { label, columns, rows, idOf, sorting, onSort } = props;
  const items = [...columns];
  return (
    <div className={styles.frame} data-sortable={Boolean(onSort)}>
      <TableRoot
        aria-label={label}
        sortDescriptor={sorting}
        onSortChange={({ column, direction }) =>
          onSort?.({ column: String(column), direction })
        }
      >
        <TableHeader columns={items}>
          {column => (
            <Column
              id={column.id}
              isRowHeader={column.rowHeader}
              allowsSorting={column.sortable}
              className={column.numeric ? styles.numericHead : undefined}
            >
              {column.label}
            </Column>
          )}
        </TableHeader>
        <TableBody items={rows} dependencies={[columns, idOf]}>
          {row => (
            <Row id={idOf(row)} columns={items}>
              {column => (
                <Cell
                  className={column.numeric ? styles.numeric : styles.cell}
                  data-label={column.rowHeader ? undefined : column.label}
                  data-wide={column.wide || column.rowHeader || undefined}
                >
                  {column.render(row)}
                </Cell>
              )}
            </Row>
          )}
        </TableBody>
      </TableRoot>
    </div>
  );
}
