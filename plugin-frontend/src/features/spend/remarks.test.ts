import { englishWords } from '../../__testUtils__/translate';
import { SpendDay } from '../../domain/spendSeries';
import { remarksOn } from './remarks';

const words = englishWords();

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
    expect(remarksOn(words, day)).toEqual([]);
  });

  it.each([
    [3.42, 'gpt-4o', '3.4 times the usual $2.00; most of the rest is gpt-4o'],
    [3.42, null, '3.4 times the usual $2.00'],
    [null, 'gpt-4o', 'Unusual: the usual is $2.00; most of the rest is gpt-4o'],
    [null, null, 'Unusual: the usual is $2.00'],
  ])(
    'say how far above the usual a day is, and by which model: %p, %p',
    (times, model, remark) => {
      const unusual = {
        date: day.date,
        spent: day.spent,
        usual: { amount: '2', currency: 'USD' },
        times,
        model,
        partial: false,
      };

      expect(remarksOn(words, { ...day, unusual })).toEqual([remark]);
    },
  );

  it('name a day that has not ended, one over the budget, and one that is a lower bound', () => {
    expect(
      remarksOn(words, {
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
