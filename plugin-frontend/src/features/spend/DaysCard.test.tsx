import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { renderWithApis } from '../../__testUtils__/renderWithApis';
import { spendSeriesOf } from '../../domain/spendSeries';
import { DaysCard } from './DaysCard';
import { week } from './fixtures';

const mockLoaded = jest.fn();

jest.mock('./SpendChart', () => {
  mockLoaded();
  return { SpendChart: () => <p>chart</p> };
});

describe('DaysCard', () => {
  it('loads the chart, and the library that draws it, only where a chart is shown', async () => {
    renderWithApis(<DaysCard report={week} series={spendSeriesOf(week)!} />, {
      address: '/?view=table',
    });
    expect(screen.getByRole('grid', { name: 'By day' })).toBeInTheDocument();
    expect(mockLoaded).not.toHaveBeenCalled();

    await userEvent.click(screen.getByRole('radio', { name: 'Chart' }));

    expect(await screen.findByText('chart')).toBeInTheDocument();
    expect(mockLoaded).toHaveBeenCalledTimes(1);
  });
});
