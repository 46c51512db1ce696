import { fireEvent, screen, within } from '@testing-library/react';
import { renderWithApis } from '../../__testUtils__/renderWithApis';
import { SpendReport } from '../../api';
import { spendSeriesOf } from '../../domain/spendSeries';
import { incomplete, week, withHistory } from './fixtures';
import { SpendChart } from './SpendChart';

const rendered = (report: SpendReport) =>
  renderWithApis(
    <SpendChart series={spendSeriesOf(report)!} previous={report.previous} />,
  );

const legend = () =>
  within(screen.getByRole('list', { name: 'Legend' }))
    .getAllByRole('listitem')
    .map(it => it.textContent);

describe('SpendChart', () => {
  it('draws a bar a day, what is past the budget apart, and the line of the budget', () => {
    const { container } = rendered(week);

    expect(container.querySelectorAll('path.within')).toHaveLength(7);
    expect(container.querySelectorAll('path.beyond')).toHaveLength(1);
    expect(container.querySelectorAll('.budget line')).toHaveLength(1);
  });

  it('labels the axis with the values at which its marks stand', () => {
    const { container } = rendered({
      ...week,
      dailyBudget: { amount: '2500', currency: 'USD' },
    });

    expect(
      [...container.querySelectorAll('.recharts-yAxis-tick-labels text')].map(
        it => it.textContent,
      ),
    ).toEqual(['$0', '$500', '$1,000', '$1,500', '$2,000', '$2,500']);
  });

  it('hatches the day that is not over, and no other', () => {
    const { container } = rendered(week);

    const hatched = container.querySelectorAll('path[data-partial]');
    expect(hatched).toHaveLength(1);
    expect(hatched[0].getAttribute('fill')).toMatch(/^url\(#/);
  });

  it('outlines lower bounds', () => {
    const { container } = rendered(incomplete);

    expect(
      container.querySelectorAll('path.within[data-incomplete]'),
    ).toHaveLength(2);
  });

  it('explains the signs that it uses, and no others', () => {
    rendered(week);

    expect(legend()).toEqual([
      'Spent',
      'Beyond the budget',
      'Today so far',
      'Daily budget, $500.00',
    ]);
  });

  it('explains lower bounds, and no budget where none is declared', () => {
    rendered({ ...incomplete, dailyBudget: null });

    expect(legend()).toEqual(['Spent', 'Today so far', 'Lower bound']);
  });

  it('draws the period before as a line, and a sign on an unusual day', () => {
    const { container } = rendered(withHistory);

    expect(container.querySelectorAll('.before path')).toHaveLength(1);
    expect(
      [...container.querySelectorAll('[data-unusual]')].map(it =>
        it.getAttribute('data-unusual'),
      ),
    ).toEqual(['2026-03-08']);
    expect(legend()).toEqual([
      'Spent',
      'Beyond the budget',
      'Today so far',
      'Unusual day',
      'Daily budget, $500.00',
      'Period before, Feb 25 to Mar 3',
    ]);
  });

  it('says a day in words where the arrow keys go to it', () => {
    rendered(week);
    const chart = screen.getByRole('application', {
      name: /Spend by day over 7 days/,
    });

    fireEvent.focus(chart);
    expect(screen.getByRole('status')).toHaveTextContent(
      'Wednesday, March 4, 2026',
    );
    for (let day = 5; day <= 8; day++)
      fireEvent.keyDown(chart, { key: 'ArrowRight' });

    expect(screen.getByRole('status')).toHaveTextContent(
      'Sunday, March 8, 2026$540.10108% of $500.00Over the budget',
    );
  });
});
