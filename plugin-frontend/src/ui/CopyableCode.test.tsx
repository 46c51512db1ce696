import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { renderWithApis } from '../__testUtils__/renderWithApis';
import { CopyableCode } from './CopyableCode';

const CODE = 'keeptrusts.dev/daily-budget: "100"';

/** A browser whose clipboard takes text, or not. */
function rendered(writeText: () => Promise<void>) {
  const user = userEvent.setup();
  const write = jest
    .spyOn(navigator.clipboard, 'writeText')
    .mockImplementation(writeText);
  renderWithApis(<CopyableCode code={CODE} label="Annotations to add" />);
  return { user, write };
}

const denied = () => Promise.reject(new Error('denied'));

describe('CopyableCode', () => {
  afterEach(() => jest.restoreAllMocks());

  it('can be reached and read with the keyboard', async () => {
    const { user } = rendered(async () => {});

    await user.tab();

    expect(
      screen.getByRole('region', { name: 'Annotations to add' }),
    ).toHaveFocus();
  });

  it('copies its text and says so', async () => {
    const { user, write } = rendered(async () => {});

    await user.click(screen.getByRole('button', { name: 'Copy' }));

    expect(write).toHaveBeenCalledWith(CODE);
    expect(
      await screen.findByRole('button', { name: 'Copied' }),
    ).toBeInTheDocument();
  });

  it('selects the text and says what to do where the browser does not let it copy', async () => {
    const { user } = rendered(denied);

    await user.click(screen.getByRole('button', { name: 'Copy' }));

    expect(
      await screen.findByText(/select the text instead/),
    ).toBeInTheDocument();
    expect(String(window.getSelection())).toBe(CODE);
  });
});
