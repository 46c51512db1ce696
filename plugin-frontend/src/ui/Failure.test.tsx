import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { renderWithApis } from '../__testUtils__/renderWithApis';
import {
  ContractError,
  KeeptrustsError,
  NotConfiguredError,
  NotFoundError,
  NotPermittedError,
  ServiceError,
  SignedOutError,
  TooManyRequestsError,
  UnreachableError,
  WebPageError,
  WrongTargetError,
} from '../api';
import { Failure } from './Failure';

const rendered = (error: KeeptrustsError, onRetry = () => {}) =>
  renderWithApis(
    <Failure error={error} busy={false} retryable onRetry={onRetry} />,
  );

describe('Failure', () => {
  it.each<[KeeptrustsError, string]>([
    [new NotPermittedError(''), 'Not permitted'],
    [new SignedOutError(''), 'Your sign-in has ended'],
    [new WrongTargetError(''), 'Something else answers in the service’s place'],
    [new WebPageError(''), 'A web page came instead of an answer'],
    [new TooManyRequestsError(''), 'Too many requests'],
    [
      new UnreachableError('', { part: 'backstage' }),
      'Backstage cannot be reached',
    ],
    [new NotFoundError(''), 'Nothing here for you'],
    [
      new NotConfiguredError(''),
      'Backstage is not connected to Keeptrusts yet',
    ],
    [new ContractError(''), 'The answer could not be read'],
    [new ServiceError(''), 'The service failed'],
    [
      new UnreachableError('', { part: 'service' }),
      'The governance service cannot be reached',
    ],
    [
      new UnreachableError('', { part: 'keeptrusts' }),
      'Keeptrusts cannot be reached',
    ],
    [
      new UnreachableError('', { part: 'catalog' }),
      'The catalog cannot be reached',
    ],
    [
      new UnreachableError('', { part: 'identity' }),
      'Your sign-in cannot be verified now',
    ],
  ])('tells every cause apart: %s', (error, title) => {
    rendered(error);

    expect(screen.getByRole('heading', { name: title })).toBeInTheDocument();
  });

  it.each([
    new NotPermittedError(''),
    new NotFoundError(''),
    new UnreachableError('', { part: 'catalog' }),
  ])(
    'names no entity, since cards of the platform and lists show it too: %s',
    error => {
      rendered(error);

      expect(screen.getByRole('alert')).not.toHaveTextContent(/this entity/);
    },
  );

  it('tries again when asked to', async () => {
    const onRetry = jest.fn();
    rendered(new ServiceError(''), onRetry);

    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));

    expect(onRetry).toHaveBeenCalledTimes(1);
  });

  it('stays in the keyboard’s reach while it is too early to try again', async () => {
    const error = new ServiceError('');
    renderWithApis(
      <Failure
        error={error}
        busy={false}
        retryable={false}
        onRetry={() => {}}
      />,
    );

    await userEvent.tab();

    const button = screen.getByRole('button', { name: 'Try again' });
    expect(button).toHaveFocus();
    expect(button).toHaveAttribute('aria-disabled', 'true');
  });

  it('shows what the service says, the request’s id and when to try again', () => {
    const details = {
      detail: 'No answer since 11:15.',
      requestId: 'req-1',
      retryAfter: 90,
    };
    rendered(new UnreachableError('', { part: 'keeptrusts', ...details }));

    expect(screen.getByRole('alert')).toHaveTextContent(
      /No answer since 11:15\..*Request req-1.*Worth trying again in 1 min/,
    );
  });
});
