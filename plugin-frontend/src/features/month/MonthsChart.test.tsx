import { fireEvent, screen, within } from '@testing-library/react';
import { renderWithApis } from '../../__testUtils__/renderWithApis';
import { monthSeriesOf } from '../../domain/monthSeries';
import { tooNew, withHistory } from '../spend/fixtures';
import { MonthsChart } from './MonthsChart';

const rendered = ({ months, month } = withHistory) =>
  renderWithApis(<MonthsChart series={monthSeriesOf(months, month)!} />);

const legend = () =>
  within(screen.getByRole('list', { name: 'Legend' }))
    .getAllByRole('listitem')
    .map(it => it.textContent);

describe('MonthsChart', () => {
  it('draws a bar a month, the one that has not ended hatched, a lower bound outlined', () => {
    const { container } = rendered();

    expect(container.querySelectorAll('path.within')).toHaveLength(3);
    expect(container.querySelectorAll('path[data-partial]')).toHaveLength(1);
    expect(container.querySelectorAll('path[data-incomplete]')).toHaveLength(1);
  });

  it('draws the forecast as one band with a line where the end is most likely', () => {
    const { container } = rendered();
    const bands = container.querySelectorAll('[data-forecast]');

    expect(bands).toHaveLength(1);
    const [top, height, likely] = [
      ['rect', 'y'],
      ['rect', 'height'],
      ['line', 'y1'],
    ].map(([tag, name]) =>
      Number(bands[0].querySelector(tag)!.getAttribute(name)),
    );
    expect(height).toBeGreaterThan(0);
    expect(likely).toBeGreaterThan(top);
    expect(likely).toBeLessThan(top + height);
    expect(legend()).toEqual([
      'Spent',
      'Month so far',
      'Lower bound',
      'Likely range at the month’s end',
    ]);
  });

  it('draws no band where there is no forecast, and explains none', () => {
    const { container } = rendered(tooNew);

    expect(container.querySelectorAll('[data-forecast]')).toHaveLength(0);
    expect(legend()).toEqual(['Spent', 'Month so far']);
  });

  it('says a month in words where the arrow keys go to it', () => {
    rendered();
    const chart = screen.getByRole('application', {
      name: /Spend by month over 3 months/,
    });

    fireEvent.focus(chart);
    fireEvent.keyDown(chart, { key: 'ArrowRight' });
    fireEvent.keyDown(chart, { key: 'ArrowRight' });

    expect(screen.getByRole('status')).toHaveTextContent(
      'March 2026$3,210.50Month so farLikely to end between $9,120.00 and $10,730.00',
    );
  });
});
