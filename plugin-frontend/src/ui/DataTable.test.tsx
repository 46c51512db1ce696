import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { surroundedBy } from '../__testUtils__/renderWithApis';
import { DataColumn, DataTable } from './DataTable';

interface Tree {
  name: string;
  height: number;
}

const trees: Tree[] = [
  { name: 'oak', height: 30 },
  { name: 'yew', height: 12 },
];

const columns: DataColumn<Tree>[] = [
  { id: 'name', label: 'Name', rowHeader: true, render: tree => tree.name },
  {
    id: 'height',
    label: 'Height',
    numeric: true,
    sortable: true,
    render: tree => `${tree.height} m`,
  },
];

const shown = (onSort?: jest.Mock) =>
  render(
    <DataTable
      label="Trees"
      columns={columns}
      rows={trees}
      idOf={tree => tree.name}
      sorting={{ column: 'height', direction: 'descending' }}
      onSort={onSort}
    />,
    { wrapper: surroundedBy({}) },
  );

describe('DataTable', () => {
  it('is a grid that is named, with rows that are named', () => {
    shown();

    const grid = screen.getByRole('grid', { name: 'Trees' });
    expect(
      within(grid)
        .getAllByRole('row')
        .map(it => it.textContent),
    ).toEqual(['NameHeight', 'oak30 m', 'yew12 m']);
    expect(
      within(grid).getByRole('rowheader', { name: 'yew' }),
    ).toBeInTheDocument();
  });

  it('says by what it is sorted, and asks for the other way', async () => {
    const onSort = jest.fn();
    shown(onSort);
    const height = screen.getByRole('columnheader', { name: 'Height' });
    expect(height).toHaveAttribute('aria-sort', 'descending');

    await userEvent.click(height);

    expect(onSort).toHaveBeenCalledWith({
      column: 'height',
      direction: 'ascending',
    });
  });

  it('can be sorted with the keyboard', async () => {
    const onSort = jest.fn();
    shown(onSort);

    await userEvent.tab();
    await userEvent.keyboard('{ArrowUp}{ArrowRight}{Enter}');

    expect(onSort).toHaveBeenCalledTimes(1);
  });
});
