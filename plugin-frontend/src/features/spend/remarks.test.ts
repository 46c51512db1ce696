import { englishWords } from '../../__testUtils__/translate';
import { SpendDay } from '../../domain/spendSeries';
import { remarksOn } from './remarks';

const { t } = englishWords();

describe('the remarks on a day', () => {
  const day: SpendDay = {
    date: '2025-11-01',
    spent: { amount: '12.5', currency: 'USD' },
    partial: false,
    complete: true,
    size: 12.5,
    within: 12.5,
    beyond: 0,
  };

  it('are none where there is nothing to say', () => {
    expect(remarksOn(t, day)).toEqual([]);
  });

  it('name a day that has not ended, one over the budget, and one that is a lower bound', () => {
    expect(
      remarksOn(t, {
        ...day,
        partial: true,
        complete: false,
        within: 10,
        beyond: 2.5,
      }),
    ).toEqual([
      'Today so far',
      'Over the budget',
      'Lower bound: not all events could be read',
    ]);
  });
});
