import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import useCopyToClipboard from 'react-use/esm/useCopyToClipboard';
import { renderWithApis } from '../__testUtils__/renderWithApis';
import { CopyableCode } from './CopyableCode';

jest.mock('react-use/esm/useCopyToClipboard', () => ({
  __esModule: true,
  default: jest.fn(),
}));

function rendered(error?: Error) {
  const copy = jest.fn();
  (useCopyToClipboard as jest.Mock).mockReturnValue([{ error }, copy]);
  renderWithApis(<CopyableCode code="metadata:" label="Annotations to add" />);
  return copy;
}

describe('CopyableCode', () => {
  it('can be reached and read with the keyboard', async () => {
    rendered();

    await userEvent.tab();

    expect(
      screen.getByRole('region', { name: 'Annotations to add' }),
    ).toHaveFocus();
  });

  it('copies its text and says so', async () => {
    const copy = rendered();

    await userEvent.click(screen.getByRole('button', { name: 'Copy' }));

    expect(copy).toHaveBeenCalledWith('metadata:');
    expect(screen.getByRole('button', { name: 'Copied' })).toBeInTheDocument();
  });

  it('says what to do where the browser does not let it copy', async () => {
    rendered(new Error('denied'));

    await userEvent.click(screen.getByRole('button', { name: 'Copy' }));

    expect(screen.getByRole('status')).toHaveTextContent(
      'select the text instead',
    );
  });
});
