import { act, renderHook } from '@testing-library/react';
import {
  NotPermittedError,
  Observed,
  RequestOptions,
  UnreachableError,
} from '../api';
import {
  FRESH_MS,
  Question,
  REFETCH_MS,
  REFRESH_PAUSE_MS,
  SPREAD_MS,
  useResource,
} from './useResource';

/** A load whose answers a test gives when it likes, in the order in which they were asked for. */
function controlledLoad() {
  const asked: {
    options: RequestOptions;
    answer(value: string, clockAheadMs?: number): void;
    fail(error: unknown): void;
  }[] = [];
  const load = (options: RequestOptions) =>
    new Promise<Observed<string>>((resolve, reject) => {
      asked.push({
        options,
        answer: (value, clockAheadMs) =>
          resolve({ value, observedAt: 1, clockAheadMs }),
        fail: reject,
      });
    });
  return { asked, load };
}

const unreachable = () => new UnreachableError('away', { part: 'service' });

interface Asked {
  subject: string;
  key: string;
  load: Question<string>['load'];
  changesAt?: Question<string>['changesAt'];
}

function mount(
  first = controlledLoad(),
  owner: object = {},
  more: Partial<Asked> = {},
) {
  const view = renderHook((props: Asked) => useResource({ owner, ...props }), {
    initialProps: { subject: 'a', key: 'a', load: first.load, ...more },
  });
  return { ...view, ...first };
}

/** The page is hidden or seen, and the browser says so. */
function turnVisible(visibility: 'hidden' | 'visible') {
  jest.spyOn(document, 'visibilityState', 'get').mockReturnValue(visibility);
  return act(async () => {
    document.dispatchEvent(new Event('visibilitychange'));
  });
}

describe('useResource', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it('is busy without a value at first', () => {
    const { result, asked } = mount();

    expect(result.current).toMatchObject({
      busy: true,
      value: undefined,
      refreshable: false,
    });
    expect(asked.map(it => it.options.refresh)).toEqual([false]);
  });

  it('has the answer once it came, with its moment', async () => {
    const { result, asked } = mount();

    await act(async () => asked[0].answer('one'));

    expect(result.current).toMatchObject({
      busy: false,
      value: 'one',
      observedAt: 1,
      refreshable: true,
    });
  });

  it('keeps the value while a refresh runs, and asks past every cache', async () => {
    const { result, asked } = mount();
    await act(async () => asked[0].answer('one'));

    act(() => result.current.refresh());

    expect(result.current).toMatchObject({ busy: true, value: 'one' });
    expect(asked[1].options.refresh).toBe(true);
  });

  it('does not refresh again until a pause is over', async () => {
    const { result, asked } = mount();
    await act(async () => asked[0].answer('one'));
    act(() => result.current.refresh());
    await act(async () => asked[1].answer('two'));

    act(() => result.current.refresh());
    expect(asked).toHaveLength(2);

    act(() => jest.advanceTimersByTime(REFRESH_PAUSE_MS));
    act(() => result.current.refresh());
    expect(asked).toHaveLength(3);
  });

  it('keeps the value beside the error when a refresh fails', async () => {
    const { result, asked } = mount();
    await act(async () => asked[0].answer('one'));
    act(() => result.current.refresh());

    await act(async () => asked[1].fail(unreachable()));

    expect(result.current).toMatchObject({
      value: 'one',
      error: { kind: 'unreachable' },
      busy: false,
    });
  });

  it('forgets the error when the next answer comes', async () => {
    const { result, asked } = mount();
    await act(async () => asked[0].fail(unreachable()));
    act(() => result.current.refresh());

    await act(async () => asked[1].answer('two'));

    expect(result.current).toMatchObject({ value: 'two', error: undefined });
  });

  it('takes the value away from a viewer who may not see it any more', async () => {
    const { result, asked } = mount();
    await act(async () => asked[0].answer('one'));
    act(() => result.current.refresh());

    await act(async () => asked[1].fail(new NotPermittedError('no')));

    expect(result.current).toMatchObject({
      value: undefined,
      error: { kind: 'not-permitted' },
    });
  });

  it('takes the value away by an error of another copy of the module too', async () => {
    let other: typeof import('../api') | undefined;
    jest.isolateModules(() => {
      other = require('../api');
    });
    const { result, asked } = mount();
    await act(async () => asked[0].answer('one'));
    act(() => result.current.refresh());

    await act(async () => asked[1].fail(new other!.NotPermittedError('no')));

    expect(result.current).toMatchObject({
      value: undefined,
      error: { kind: 'not-permitted' },
    });
  });

  it('turns whatever is thrown into an error of a known kind', async () => {
    const { result, asked } = mount();

    await act(async () => asked[0].fail('a string'));

    expect(result.current.error).toMatchObject({
      kind: 'service',
      message: 'a string',
    });
  });

  it('says that Backstage was not reached where a part of the plugin cannot be loaded', async () => {
    const { result, asked } = mount();
    const failure = new Error('Loading chunk 7 failed');
    failure.name = 'ChunkLoadError';

    await act(async () => asked[0].fail(failure));

    expect(result.current.error).toMatchObject({
      kind: 'unreachable',
      part: 'backstage',
    });
  });

  it('never shows the value of one subject under another', async () => {
    const { result, rerender, asked } = mount();
    await act(async () => asked[0].answer('of a'));
    const other = controlledLoad();
    const seen: unknown[] = [];

    rerender({ subject: 'b', key: 'b', load: other.load });
    seen.push(result.current.value);
    await act(async () => other.asked[0].answer('of b'));
    seen.push(result.current.value);

    expect(seen).toEqual([undefined, 'of b']);
  });

  it('keeps the value when only the question changes', async () => {
    const { result, rerender, asked } = mount();
    await act(async () => asked[0].answer('7 days'));

    rerender({ subject: 'a', key: 'a 2', load: controlledLoad().load });

    expect(result.current).toMatchObject({ value: '7 days', busy: true });
  });

  it('drops an answer that comes after the question has changed', async () => {
    const { result, rerender, asked } = mount();
    const other = controlledLoad();
    rerender({ subject: 'a', key: 'a 2', load: other.load });

    await act(async () => other.asked[0].answer('new'));
    await act(async () => asked[0].answer('old'));

    expect(result.current.value).toBe('new');
  });

  it('aborts a request that is not waited for any more', () => {
    const { unmount, rerender, asked } = mount();

    rerender({ subject: 'b', key: 'b', load: controlledLoad().load });
    expect(asked[0].options.signal!.aborted).toBe(true);
    unmount();
  });

  it('aborts a request when the component goes', () => {
    const { unmount, asked } = mount();

    unmount();

    expect(asked[0].options.signal!.aborted).toBe(true);
  });

  it('shows at once what was read a moment ago, and asks nothing', async () => {
    const owner = {};
    const first = mount(controlledLoad(), owner);
    await act(async () => first.asked[0].answer('one'));
    first.unmount();

    const { result, asked } = mount(controlledLoad(), owner);

    expect(result.current).toMatchObject({ value: 'one', busy: false });
    expect(asked).toHaveLength(0);
  });

  it('shows at once what was read a while ago, and asks for the next', async () => {
    const owner = {};
    const first = mount(controlledLoad(), owner);
    await act(async () => first.asked[0].answer('one'));
    first.unmount();
    jest.setSystemTime(Date.now() + FRESH_MS);

    const { result, asked } = mount(controlledLoad(), owner);

    expect(result.current).toMatchObject({ value: 'one', busy: true });
    expect(asked).toHaveLength(1);
  });

  it('does not give the answers of one API to another', async () => {
    const first = mount();
    await act(async () => first.asked[0].answer('one'));

    expect(mount().result.current.value).toBeUndefined();
  });

  it('does not keep what the viewer may not see any more', async () => {
    const owner = {};
    const first = mount(controlledLoad(), owner);
    await act(async () => first.asked[0].answer('one'));
    act(() => first.result.current.refresh());
    await act(async () => first.asked[1].fail(new NotPermittedError('no')));
    first.unmount();

    expect(mount(controlledLoad(), owner).result.current.value).toBeUndefined();
  });

  it('asks again every few minutes while the page is seen', async () => {
    const { asked } = mount();
    await act(async () => asked[0].answer('one'));

    await act(async () => jest.advanceTimersByTime(REFETCH_MS - 1));
    expect(asked).toHaveLength(1);
    await act(async () => jest.advanceTimersByTime(1));

    expect(asked.map(it => it.options.refresh)).toEqual([false, false]);
  });

  it('asks soon after the moment at which the answer changes, by the service’s clock', async () => {
    const start = Date.now();
    const changesAt = new Date(start + 60_000).toISOString();
    const { asked } = mount(
      controlledLoad(),
      {},
      { changesAt: () => changesAt },
    );
    await act(async () => asked[0].answer('one', 30_000));

    await act(async () => jest.advanceTimersByTime(90_000 - 1));
    expect(asked).toHaveLength(1);
    await act(async () => jest.advanceTimersByTime(SPREAD_MS + 1));

    expect(asked).toHaveLength(2);
  });

  it('asks when the page is looked at again, unless it has just asked', async () => {
    const { asked } = mount();
    await act(async () => asked[0].answer('one'));

    await act(async () => {
      window.dispatchEvent(new Event('focus'));
    });
    expect(asked).toHaveLength(1);
    jest.setSystemTime(Date.now() + FRESH_MS);
    await act(async () => {
      window.dispatchEvent(new Event('focus'));
    });

    expect(asked).toHaveLength(2);
  });

  it('neither asks nor has a timer while the page is hidden', async () => {
    const { asked } = mount();
    await act(async () => asked[0].answer('one'));

    await turnVisible('hidden');
    expect(jest.getTimerCount()).toBe(0);
    await act(async () => jest.advanceTimersByTime(3 * REFETCH_MS));
    expect(asked).toHaveLength(1);

    await turnVisible('visible');
    expect(asked).toHaveLength(2);
  });
});
