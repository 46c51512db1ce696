import { fireEvent, screen, within } from '@testing-library/react';
import { renderWithApis } from '../../__testUtils__/renderWithApis';
import { memberSeriesOf } from '../../domain/memberSeries';
import { partlyRead, team } from './fixtures';
import { MembersChart } from './MembersChart';

const rendered = (rollUp = team) =>
  renderWithApis(<MembersChart series={memberSeriesOf(rollUp)!} />);

describe('MembersChart', () => {
  it('stacks a part a member in each day, each with a pattern of its own', () => {
    const { container } = rendered();
    const bars = [...container.querySelectorAll('path[data-part]')];

    expect(bars).toHaveLength(6 * 7);
    const patterns = new Set(bars.map(it => it.getAttribute('fill')));
    expect(patterns.size).toBe(6);
    const drawings = [...container.querySelectorAll('pattern path')].map(it =>
      it.getAttribute('d'),
    );
    expect(new Set(drawings).size).toBe(6);
  });

  it('marks the day that has not ended, and lower bounds', () => {
    const { container } = rendered(partlyRead);

    expect(container.querySelectorAll('path[data-partial]')).toHaveLength(6);
    expect(container.querySelectorAll('path[data-incomplete]')).toHaveLength(6);
  });

  it('names each part in the legend', () => {
    rendered();

    expect(
      within(screen.getByRole('list', { name: 'Legend' }))
        .getAllByRole('listitem')
        .map(it => it.textContent),
    ).toEqual([
      'customer-support-bot',
      'ticket-summarizer',
      'reply-writer',
      'faq-search',
      'call-notes',
      '2 others',
      'Today so far',
    ]);
  });

  it('says a day by member where the arrow keys go to it', () => {
    rendered();
    const chart = screen.getByRole('application', {
      name: /Spend by member over 7 days/,
    });

    fireEvent.focus(chart);

    expect(screen.getByRole('status')).toHaveTextContent(
      'Wednesday, March 4, 2026$109.00customer-support-bot$50.00ticket-summarizer$25.00',
    );
  });
});
