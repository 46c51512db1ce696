import { analyticsApiRef } from '@backstage/core-plugin-api';
import { routeResolutionApiRef } from '@backstage/frontend-plugin-api';
import { catalogApiRef } from '@backstage/plugin-catalog-react';
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { renderWithApis } from '../__testUtils__/renderWithApis';
import { overBudget } from '../fixtures/statuses';
import { templateRouteRef } from '../routes';
import { Findings } from './Findings';

const TEMPLATE = 'template:default/raise-budget';
const [finding] = overBudget.findings;
const mendable = {
  ...finding,
  remedy: { template: TEMPLATE, parameters: { budget: 700, team: 'a & b' } },
};

interface App {
  /** Whether the app has the scaffolder. */
  scaffolder?: boolean;
  /** Whether the viewer sees the template. */
  visible?: boolean;
  /** What the permission to run templates is; undefined in an app without permissions. */
  permission?: 'ALLOW' | 'DENY';
}

function rendered({ scaffolder = true, visible = true, permission }: App) {
  const getEntityByRef = jest.fn(async () =>
    visible ? { kind: 'Template' } : undefined,
  );
  const captureEvent = jest.fn();
  const resolve = (ref: unknown) =>
    scaffolder && ref === templateRouteRef
      ? (params: Record<string, string>) =>
          `/create/templates/${params.namespace}/${params.templateName}`
      : undefined;
  renderWithApis(<Findings findings={[mendable]} />, {
    apis: [
      [routeResolutionApiRef, { resolve }],
      [catalogApiRef, { getEntityByRef }],
      [analyticsApiRef, { captureEvent }],
      ...(permission
        ? [
            [
              { id: 'plugin.permission.api' } as never,
              { authorize: async () => ({ result: permission }) },
            ] as const,
          ]
        : []),
    ],
  });
  return { getEntityByRef, captureEvent };
}

const button = () => screen.queryByRole('link', { name: /Fix this/ });

describe('a remedy', () => {
  it.each([undefined, 'ALLOW'] as const)(
    'opens its template with the form filled in, where the permission is %s',
    async permission => {
      const { captureEvent } = rendered({ permission });

      await waitFor(() => expect(button()).toBeInTheDocument());
      const address = new URL(button()!.getAttribute('href')!, 'http://app');
      expect(address.pathname).toBe('/create/templates/default/raise-budget');
      expect(JSON.parse(address.searchParams.get('formData')!)).toEqual(
        mendable.remedy.parameters,
      );
      await userEvent.click(button()!);
      expect(captureEvent).toHaveBeenCalledWith(
        expect.objectContaining({ action: 'remedy', subject: finding.code }),
      );
    },
  );

  it.each<[string, App]>([
    ['sees no such template', { visible: false }],
    ['may not run templates', { permission: 'DENY' }],
  ])('is not offered to a viewer who %s', async (_, app) => {
    const { getEntityByRef } = rendered(app);

    await waitFor(() => expect(getEntityByRef).toHaveBeenCalledWith(TEMPLATE));
    await Promise.all(getEntityByRef.mock.results.map(it => it.value));
    expect(button()).not.toBeInTheDocument();
  });

  it('asks nothing in an app without the scaffolder', () => {
    const { getEntityByRef } = rendered({ scaffolder: false });

    expect(button()).not.toBeInTheDocument();
    expect(getEntityByRef).not.toHaveBeenCalled();
  });
});
