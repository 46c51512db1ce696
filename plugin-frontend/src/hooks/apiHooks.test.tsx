import { renderHook, waitFor } from '@testing-library/react';
import { surroundedBy } from '../__testUtils__/renderWithApis';
import { KeeptrustsApi } from '../api';
import { working } from '../fixtures/platforms';
import { inOrder } from '../fixtures/statuses';
import { useGovernanceStatus } from './useGovernanceStatus';
import { useGovernanceStatuses } from './useGovernanceStatuses';
import { usePlatformStatus } from './usePlatformStatus';
import { useSpendReport } from './useSpendReport';

const BOT = 'component:default/customer-support-bot';
const OTHER = 'component:default/other';

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
    expect(getStatus).toHaveBeenCalledWith(BOT, { refresh: false });
  });

  it('useGovernanceStatuses asks again for other entities, and not for the same in a new array', async () => {
    const getStatuses = jest.fn().mockResolvedValue({ value: [] });
    const { result, rerender } = rendered(
      { getStatuses },
      useGovernanceStatuses,
      [BOT],
    );
    await waitFor(() => expect(result.current.busy).toBe(false));

    rerender([BOT]);
    rerender([BOT, OTHER]);
    await waitFor(() => expect(result.current.busy).toBe(false));

    expect(getStatuses.mock.calls.map(([refs]) => refs)).toEqual([
      [BOT],
      [BOT, OTHER],
    ]);
  });

  it('useGovernanceStatuses asks about no entity with an empty list', async () => {
    const getStatuses = jest.fn().mockResolvedValue({ value: [] });
    const { result } = rendered({ getStatuses }, useGovernanceStatuses, []);

    await waitFor(() => expect(result.current.value).toEqual([]));
    expect(getStatuses).toHaveBeenCalledWith([], { refresh: false });
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
    expect(getSpend).toHaveBeenLastCalledWith(BOT, 30, { refresh: false });
  });

  it('usePlatformStatus asks for the platform', async () => {
    const getPlatform = jest.fn().mockResolvedValue({ value: working });
    const { result } = rendered({ getPlatform }, usePlatformStatus, undefined);

    await waitFor(() => expect(result.current.value).toBe(working));
  });
});
