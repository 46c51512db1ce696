import { render, screen } from '@testing-library/react';
import { surroundedBy } from '../__testUtils__/renderWithApis';
import { BudgetStatus } from '../api';
import { inOrder } from '../fixtures/statuses';
import { BudgetMeter } from './BudgetMeter';

const budget = inOrder.budget!;

const meterOf = (more: Partial<BudgetStatus>) => {
  render(<BudgetMeter budget={{ ...budget, ...more }} />, {
    wrapper: surroundedBy({}),
  });
  return screen.queryByRole('meter', { name: 'Daily budget' });
};

describe('BudgetMeter', () => {
  it.each([
    [true, 'team', 'at most $123.45 of $500.00, at most 24% used'],
    [false, 'team', 'about $123.45 of $500.00, about 24% used'],
  ] as const)(
    'says what the reading is a bound of: complete %p, of the %s',
    (complete, attribution, text) => {
      expect(meterOf({ complete, attribution })).toHaveAttribute(
        'aria-valuetext',
        `${text}, 50% of the day gone`,
      );
    },
  );

  it('says its whole reading in words', () => {
    expect(meterOf({ complete: false })).toHaveAttribute(
      'aria-valuetext',
      'at least $123.45 of $500.00, at least 24% used, 50% of the day gone',
    );
  });

  it('is full where something is spent of a budget of 0', () => {
    const daily = { amount: '0', currency: 'USD' };
    expect(meterOf({ daily, usedRatio: null })).toHaveAttribute(
      'aria-valuenow',
      '100',
    );
  });

  it.each([
    [0.79, null, 'normal'],
    [0.8, null, 'attention'],
    [0.3, '2026-03-10T16:40:00Z', 'attention'],
    [1, null, 'bad'],
  ])('at %p used, running out at %p, is %s', (usedRatio, exhaustsAt, tone) => {
    expect(meterOf({ usedRatio, exhaustsAt })).toHaveAttribute(
      'data-tone',
      tone,
    );
  });

  it('is not there where no budget is declared', () => {
    expect(meterOf({ daily: null, usedRatio: null })).toBeNull();
  });
});
