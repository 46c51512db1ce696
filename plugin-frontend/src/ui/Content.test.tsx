import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { renderWithApis } from '../__testUtils__/renderWithApis';
import { UnreachableError } from '../api';
import { Content } from './Content';
import { Resource } from './useResource';

const resting: Resource<string> = {
  busy: false,
  clockAheadMs: 0,
  refreshable: true,
  refresh: () => {},
};

const contentOf = (resource: Partial<Resource<string>>) => (
  <Content
    resource={{ ...resting, ...resource }}
    skeleton={<p>skeleton</p>}
    isEmpty={value => value === ''}
    empty={<p>nothing</p>}
  >
    {value => <p>{value}</p>}
  </Content>
);

const rendered = (resource: Partial<Resource<string>>) =>
  renderWithApis(contentOf(resource));

const away = new UnreachableError('away', { part: 'service' });

describe('Content', () => {
  it('shows the skeleton before the first answer, and says that it loads', () => {
    rendered({ busy: true });

    expect(screen.getByRole('status', { name: 'Loading' })).toHaveTextContent(
      'skeleton',
    );
  });

  it('shows the content', () => {
    rendered({ value: 'content' });

    expect(screen.getByText('content')).toBeInTheDocument();
  });

  it('keeps the content while a refresh runs', () => {
    rendered({ value: 'content', busy: true });

    expect(screen.getByText('content')).toBeInTheDocument();
    expect(screen.queryByText('skeleton')).not.toBeInTheDocument();
  });

  it('keeps the content when a refresh has failed, and says so', () => {
    rendered({
      value: 'content',
      error: away,
    });

    expect(screen.getByText('content')).toBeInTheDocument();
    expect(screen.getByText('Could not be refreshed')).toBeInTheDocument();
  });

  it('leads the keyboard on to what a second try has brought', async () => {
    const { rerender } = rendered({ error: away });
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));

    rerender(contentOf({ value: 'content' }));

    expect(document.activeElement).toContainElement(
      screen.getByText('content'),
    );
    expect(document.body).not.toHaveFocus();
  });

  it('leaves the focus where it is when content comes by itself', () => {
    const { rerender } = rendered({ busy: true });

    rerender(contentOf({ value: 'content' }));

    expect(document.body).toHaveFocus();
  });

  it('shows what there is to say of nothing', () => {
    rendered({ value: '' });

    expect(screen.getByText('nothing')).toBeInTheDocument();
  });

  it('shows the failure when there is nothing else', () => {
    rendered({ error: new UnreachableError('away', { part: 'service' }) });

    expect(screen.getByRole('alert')).toHaveTextContent(
      'The governance service cannot be reached',
    );
  });

  it('keeps the failure on screen while it tries again', () => {
    rendered({
      error: away,
      busy: true,
      refreshable: false,
    });

    expect(screen.getByRole('alert')).toBeInTheDocument();
    expect(screen.queryByText('skeleton')).not.toBeInTheDocument();
  });
});
