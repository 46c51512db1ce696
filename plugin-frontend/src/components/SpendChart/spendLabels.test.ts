import { englishWords } from '../../__testUtils__/translate';
import {
  formatBound,
  formatDay,
  formatDayInFull,
  remarksOn,
} from './spendLabels';
import { SpendDay } from './spendSeries';

const t = englishWords();
const usd = { amount: '12.5', currency: 'USD' };

describe('a day', () => {
  it('is not shifted by the viewer’s zone', () => {
    expect(formatDay('2025-11-01', 'en-GB')).toBe('1 Nov');
    expect(formatDayInFull('2025-11-01', 'en-GB')).toBe(
      'Saturday, 1 November 2025',
    );
  });

  it('that cannot be read is shown as it came', () => {
    expect(formatDay('yesterday')).toBe('yesterday');
  });
});

describe('a sum', () => {
  it.each([
    [true, 'key', '$12.50'],
    [false, 'key', 'at least $12.50'],
    [true, 'team', 'at most $12.50'],
    [false, 'team', '$12.50'],
  ] as const)(
    'that is complete: %p and the %s’s reads %p',
    (complete, attribution, text) => {
      expect(formatBound(t, usd, { complete, attribution })).toBe(text);
    },
  );
});

describe('the remarks on a day', () => {
  const day: SpendDay = {
    date: '2025-11-01',
    spent: usd,
    partial: false,
    complete: true,
    size: 12.5,
    within: 12.5,
    beyond: 0,
  };

  it('are none where there is nothing to say', () => {
    expect(remarksOn(t, day)).toEqual([]);
  });

  it('tell a day that has not ended, one over the budget, and one that is a lower bound', () => {
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
      'Lower bound: not all bookings could be read',
    ]);
  });
});
