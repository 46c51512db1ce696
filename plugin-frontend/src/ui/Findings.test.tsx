import { screen, within } from '@testing-library/react';
import { renderWithApis } from '../__testUtils__/renderWithApis';
import { Finding } from '../api';
import { overBudget } from '../fixtures/statuses';
import { Findings } from './Findings';

const [worst, second, third] = overBudget.findings;

describe('Findings', () => {
  it('shows the worst finding with what to do about it', () => {
    renderWithApis(<Findings findings={[worst]} />);

    expect(screen.getByRole('group', { name: 'Findings' })).toHaveTextContent(
      `${worst.message}${worst.hint}`,
    );
  });

  it('lists the others in their order, each with its severity in words', () => {
    renderWithApis(<Findings findings={overBudget.findings} />);

    const items = screen.getAllByRole('listitem');
    expect(items.map(item => item.textContent)).toEqual([
      `${second.message}${second.hint}`,
      `${third.message}${third.hint}`,
    ]);
    expect(
      within(items[0]).getByRole('img', { name: 'Warning' }),
    ).toBeInTheDocument();
  });

  it('says the amounts of each in the form that the numbers beside it have', () => {
    const near: Finding = {
      code: 'budget-near',
      severity: 'warning',
      message: '34.80 USD is 87 % of the daily budget of 40.00 USD.',
      params: { spent: '34.8', budget: '40', ratio: '0.87', currency: 'USD' },
    };
    const said =
      '$34.80 are spent, which is 87% of the daily budget of $40.00.';
    renderWithApis(<Findings findings={[near, near]} />);

    expect(screen.getAllByText(said)).toHaveLength(2);
    expect(screen.getByRole('group')).not.toHaveTextContent('USD');
  });

  it('shows nothing where nothing was found', () => {
    renderWithApis(<Findings findings={[]} />);

    expect(screen.queryByRole('group')).not.toBeInTheDocument();
  });
});
