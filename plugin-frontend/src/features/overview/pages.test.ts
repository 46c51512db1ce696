import { PAGE_SIZE, pageOf } from './pages';

const rows = Array.from({ length: PAGE_SIZE * 2 + 1 }, (_, index) => index);

describe('pageOf', () => {
  it('cuts a page out', () => {
    expect(pageOf(rows, 2)).toEqual({
      rows: rows.slice(PAGE_SIZE, PAGE_SIZE * 2),
      offset: PAGE_SIZE,
      number: 2,
      last: 3,
    });
  });

  it('shows the last page where a later one is asked for', () => {
    expect(pageOf(rows, 99)).toMatchObject({
      rows: [PAGE_SIZE * 2],
      number: 3,
    });
  });

  it('has one empty page of nothing', () => {
    expect(pageOf([], 1)).toEqual({ rows: [], offset: 0, number: 1, last: 1 });
  });
});
