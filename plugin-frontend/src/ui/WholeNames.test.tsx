import { render, screen } from '@testing-library/react';
import { WholeNames } from './WholeNames';

const LONG = `${'a-very-'.repeat(4)}long-name`;

describe('WholeNames', () => {
  it('says what it was given, to the letter', () => {
    const text = ` The key  'team-key' expired on 2026-11-20.\n${LONG} `;
    const { container } = render(<WholeNames text={text} />);

    expect(container.textContent).toBe(text);
  });

  it('keeps names and dates whole, and lets the very long ones break', () => {
    render(
      <p>
        <WholeNames text={`Since 2026-11-20 ${LONG} is 'tier-1'.`} />
      </p>,
    );

    expect(
      [...screen.getByRole('paragraph').children].map(it => it.textContent),
    ).toEqual(['2026-11-20', "'tier-1'."]);
  });
});
