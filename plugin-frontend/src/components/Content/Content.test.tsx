import { screen } from '@testing-library/react';
import { renderWithApis } from '../../__testUtils__/renderWithApis';
import { UnreachableError } from '../../api';
import { Resource } from '../../hooks';
import { Content } from './Content';

const resting: Resource<string> = {
  busy: false,
  refreshable: true,
  refresh: () => {},
};

const rendered = (resource: Partial<Resource<string>>) =>
  renderWithApis(
    <Content
      resource={{ ...resting, ...resource }}
      skeleton={<p>skeleton</p>}
      isEmpty={value => value === ''}
      empty={<p>nothing</p>}
    >
      {value => <p>{value}</p>}
    </Content>,
  );

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
      error: new UnreachableError('away', { part: 'service' }),
    });

    expect(screen.getByText('content')).toBeInTheDocument();
    expect(screen.getByText('Could not be refreshed')).toBeInTheDocument();
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
      error: new UnreachableError('away', { part: 'service' }),
      busy: true,
      refreshable: false,
    });

    expect(screen.getByRole('alert')).toBeInTheDocument();
    expect(screen.queryByText('skeleton')).not.toBeInTheDocument();
  });
});
