export { DataTable } from './DataTable';
export type { DataColumn, DataTableProps, Sorting } from './DataTable';
