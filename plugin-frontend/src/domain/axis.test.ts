import { axisLabel, axisUpTo } from './axis';

const labelsUpTo = (highest: number, locale = 'en') => {
  const axis = axisUpTo(highest);
  return axis.ticks.map(tick => axisLabel(axis, tick, 'USD', locale));
};

describe('an axis of money', () => {
  it('says of each mark the value at which it stands', () => {
    expect(labelsUpTo(2_500)).toEqual([
      '$0',
      '$500',
      '$1,000',
      '$1,500',
      '$2,000',
      '$2,500',
    ]);
  });

  it.each([
    [0, ['$0.00', '$0.20', '$0.40', '$0.60', '$0.80', '$1.00']],
    [500, ['$0', '$100', '$200', '$300', '$400', '$500']],
    [540.1, ['$0', '$200', '$400', '$600']],
    [0.3, ['$0.00', '$0.10', '$0.20', '$0.30']],
    [12_500, ['$0', '$2.5K', '$5K', '$7.5K', '$10K', '$12.5K']],
  ])('up to %d has round marks', (highest, labels) => {
    expect(labelsUpTo(highest)).toEqual(labels);
  });

  it('never has two marks of one label, whatever the size', () => {
    for (const highest of [0.0003, 0.07, 1.1, 9, 77, 1_234, 65_432, 9e6]) {
      const labels = labelsUpTo(highest);
      expect(new Set(labels).size).toBe(labels.length);
    }
  });

  it('follows the language', () => {
    expect(labelsUpTo(2_500, 'de')[2]).toBe('1.000\u00a0$');
  });
});
