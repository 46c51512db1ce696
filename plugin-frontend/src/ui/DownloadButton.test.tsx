import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { renderWithApis } from '../__testUtils__/renderWithApis';
import { NotPermittedError } from '../api';
import { DownloadButton } from './DownloadButton';

const choose = async (item: RegExp) => {
  await userEvent.click(screen.getByRole('button', { name: 'Download' }));
  await userEvent.click(screen.getByRole('menuitem', { name: item }));
};

describe('DownloadButton', () => {
  const saved: string[] = [];

  beforeEach(() => {
    saved.length = 0;
    URL.createObjectURL = () => 'blob:http://backstage/1';
    URL.revokeObjectURL = () => {};
    jest
      .spyOn(HTMLAnchorElement.prototype, 'click')
      .mockImplementation(function click(this: HTMLAnchorElement) {
        saved.push(`${this.download} from ${this.href}`);
      });
  });
  afterEach(() => jest.restoreAllMocks());

  it.each([
    ['csv', /CSV/],
    ['focus', /FOCUS/],
  ])('saves the file in the form %s that is chosen', async (format, item) => {
    const load = jest
      .fn()
      .mockResolvedValue({ name: 'team.csv', content: new Blob(['a']) });
    renderWithApis(<DownloadButton load={load} />);

    await choose(item);

    expect(
      await screen.findByText('The file team.csv is downloaded'),
    ).toBeInTheDocument();
    expect(load).toHaveBeenCalledWith(format, expect.any(AbortSignal));
    expect(saved).toEqual(['team.csv from blob:http://backstage/1']);
  });

  it('says why there is no file, and saves none', async () => {
    const load = jest.fn().mockRejectedValue(new NotPermittedError('no'));
    renderWithApis(<DownloadButton load={load} />);

    await choose(/CSV/);

    expect(
      await screen.findByText(
        'The file could not be downloaded: Not permitted',
      ),
    ).toBeInTheDocument();
    expect(saved).toEqual([]);
  });

  it('wants the file no more once it is gone', async () => {
    const load = jest.fn(
      (_format: string, _signal: AbortSignal) => new Promise<never>(() => {}),
    );
    const { unmount } = renderWithApis(<DownloadButton load={load} />);
    await choose(/CSV/);

    unmount();

    expect(load.mock.calls[0][1].aborted).toBe(true);
  });
});
