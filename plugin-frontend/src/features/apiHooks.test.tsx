import { renderHook, waitFor } from '@testing-library/react';
import { surroundedBy } from '../__testUtils__/renderWithApis';
import { KeeptrustsApi } from '../api';
import { inOrder } from '../fixtures/statuses';
import { working } from './platform/fixtures';
import { usePlatformStatus } from './platform/usePlatformStatus';
import { useRollUp } from './rollup/useRollUp';
import { useSpendReport } from './spend/useSpendReport';
import { useGovernanceStatus } from './status/useGovernanceStatus';

const BOT = 'component:default/customer-support-bot';

const rendered = <P, R>(
  api: Partial<KeeptrustsApi>,
  hook: (props: P) => R,
  initialProps: P,
) => renderHook(hook, { wrapper: surroundedBy({ api }), initialProps });

describe('the hooks over the API', () => {
  it('useGovernanceStatus asks for one entity', async () => {
    const getStatus = jest.fn().mockResolvedValue({ value: inOrder });
    const { result } = rendered({ getStatus }, useGovernanceStatus, BOT);

    await waitFor(() => expect(result.current.value).toBe(inOrder));
    expect(getStatus).toHaveBeenCalledWith(
      BOT,
      expect.objectContaining({ refresh: false }),
    );
  });

  it('useSpendReport keeps the report while another period loads', async () => {
    const report = { days: 7 };
    const getSpend = jest
      .fn()
      .mockResolvedValueOnce({ value: report })
      .mockReturnValue(new Promise(() => {}));
    const { result, rerender } = rendered(
      { getSpend },
      ({ days }) => useSpendReport(BOT, days),
      { days: 7 },
    );
    await waitFor(() => expect(result.current.value).toBe(report));

    rerender({ days: 30 });

    expect(result.current).toMatchObject({ value: report, busy: true });
    expect(getSpend).toHaveBeenLastCalledWith(
      BOT,
      30,
      expect.objectContaining({ refresh: false }),
    );
  });

  it('useRollUp asks once for a card and a tab that show the same', async () => {
    const value = { days: 30 };
    const getRollUp = jest.fn().mockResolvedValue({ value });
    const { result } = rendered(
      { getRollUp },
      () => [
        useRollUp('group:default/support-team', 30).value,
        useRollUp('group:default/support-team', 30).value,
      ],
      undefined,
    );

    await waitFor(() => expect(result.current).toEqual([value, value]));
    expect(getRollUp).toHaveBeenCalledWith(
      'group:default/support-team',
      30,
      expect.objectContaining({ refresh: false }),
    );
  });

  it('usePlatformStatus asks for the platform', async () => {
    const getPlatform = jest.fn().mockResolvedValue({ value: working });
    const { result } = rendered({ getPlatform }, usePlatformStatus, undefined);

    await waitFor(() => expect(result.current.value).toBe(working));
  });
});
