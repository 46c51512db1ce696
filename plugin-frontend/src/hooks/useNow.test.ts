import { act, renderHook } from '@testing-library/react';
import { useNow } from './useNow';

describe('useNow', () => {
  beforeEach(() => jest.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => jest.useRealTimers());

  it('goes on with the clock, step by step', () => {
    const { result } = renderHook(() => useNow(5_000));

    act(() => jest.advanceTimersByTime(4_999));
    expect(result.current).toBe(1_000_000);

    act(() => jest.advanceTimersByTime(1));
    expect(result.current).toBe(1_005_000);
  });

  it('stops when nobody looks any more', () => {
    const { unmount } = renderHook(() => useNow(5_000));

    unmount();

    expect(jest.getTimerCount()).toBe(0);
  });
});
