/** Rows a page. */
export const PAGE_SIZE = 20;

/** A page of rows, and where it is among them. */
export interface Page<T> {
  rows: readonly T[];
  /** Of the first row of the page, from 0. */
  offset: number;
  /** Of the page, from 1; the last one where a later one was asked for. */
  number: number;
  /** How many pages there are; at least 1. */
  last: number;
}

/** The `asked`th page, from 1. Rows may have become fewer since its address was written. */
export function pageOf<T>(rows: readonly T[], asked: number): Page<T> {
  const last = Math.max(1, Math.ceil(rows.length / PAGE_SIZE));
  const number = Math.min(Math.max(asked, 1), last);
  const offset = (number - 1) * PAGE_SIZE;
  return { rows: rows.slice(offset, offset + PAGE_SIZE), offset, number, last };
}
