import { render, screen } from '@testing-library/react';
import { NOW } from '../../fixtures/statuses';
import { formatMoment, formatMomentInFull } from '../../format';
import { Moment } from './Moment';

describe('Moment', () => {
  it('is short to read, full on hover, and exact for machines', () => {
    const iso = '2026-03-10T16:40:00Z';
    render(<Moment iso={iso} now={NOW} />);

    const time = screen.getByText(formatMoment(iso, NOW));
    expect(time).toHaveAttribute('datetime', iso);
    expect(time).toHaveAttribute('title', formatMomentInFull(iso));
  });
});
