import { render, screen } from '@testing-library/react';
import { Meter } from './Meter';

const rendered = (ratio: number, markRatio?: number) =>
  render(
    <Meter
      label="Daily budget"
      text="1 of 4"
      ratio={ratio}
      markRatio={markRatio}
      tone="normal"
    />,
  ).container;

describe('Meter', () => {
  it('gives its reading in words and numbers', () => {
    rendered(0.25);

    const meter = screen.getByRole('meter', { name: 'Daily budget' });
    expect(meter).toHaveAttribute('aria-valuenow', '25');
    expect(meter).toHaveAttribute('aria-valuetext', '1 of 4');
  });

  it('stays within its track above the whole', () => {
    rendered(7);

    expect(screen.getByRole('meter')).toHaveAttribute('aria-valuenow', '100');
    expect(screen.getByRole('meter')).toHaveAttribute('data-over');
  });

  it('marks the share of time that has passed', () => {
    const mark = rendered(0.25, 0.5).querySelector('.mark');

    expect(mark).toHaveStyle({ '--meter-mark': '0.5' });
  });

  it('has no mark without a share of time', () => {
    expect(rendered(0.25).querySelector('.mark')).toBeNull();
  });
});
