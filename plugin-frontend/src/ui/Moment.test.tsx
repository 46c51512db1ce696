import { screen } from '@testing-library/react';
import { renderWithApis } from '../__testUtils__/renderWithApis';
import { englishWords } from '../__testUtils__/translate';
import { NOW } from '../fixtures/statuses';
import { Moment } from './Moment';

describe('Moment', () => {
  it('is short to read, full on hover, and exact for machines', () => {
    const iso = '2026-03-10T16:40:00Z';
    const { moment, momentInFull } = englishWords();
    renderWithApis(<Moment iso={iso} now={NOW} />);

    const time = screen.getByText(moment(iso, NOW));
    expect(time).toHaveAttribute('datetime', iso);
    expect(time).toHaveAttribute('title', momentInFull(iso));
  });
});
