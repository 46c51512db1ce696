import { screen, within } from '@testing-library/react';
import { renderWithApis } from '../__testUtils__/renderWithApis';
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

  it('shows nothing where nothing was found', () => {
    renderWithApis(<Findings findings={[]} />);

    expect(screen.queryByRole('group')).not.toBeInTheDocument();
  });
});
