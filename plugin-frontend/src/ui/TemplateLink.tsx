import { parseEntityRef } from '@backstage/catalog-model';
import {
  ApiHolder,
  createApiRef,
  useAnalytics,
  useApiHolder,
} from '@backstage/core-plugin-api';
import { catalogApiRef } from '@backstage/plugin-catalog-react';
import { ButtonLink } from '@backstage/ui';
import { RiFileList2Line } from '@remixicon/react';
import { useEffect, useState } from 'react';
import { Remedy } from '../api';
import { templateRouteRef } from '../routes';
import { useOptionalRoute } from './useOptionalRoute';

/** Backstage's permissions, of which an app may have none; named by its id, so that the plugin needs no other package. */
const permissionApiRef = createApiRef<{
  authorize(request: object): Promise<{ result: string }>;
}>({ id: 'plugin.permission.api' });

/** What running a template asks of Backstage. */
const RUN_TEMPLATE = {
  permission: {
    type: 'basic',
    name: 'scaffolder.task.create',
    attributes: { action: 'create' },
  },
};

/**
 * A button that opens a software template with its form filled in. It is there only where the app has the scaffolder, and
 * for those who see the template in the catalog and may run templates.
 */
export function TemplateLink({
  remedy,
  label,
  about,
}: {
  remedy: Remedy;
  label: string;
  /** What is mended, for analytics. */
  about: string;
}) {
  const route = useOptionalRoute(templateRouteRef);
  const mayRun = useMayRun(route ? remedy.template : undefined);
  const analytics = useAnalytics();
  const template = templateOf(remedy.template);
  if (!route || !mayRun || !template) return null;
  const { namespace, name } = template;
  const form = encodeURIComponent(JSON.stringify(remedy.parameters ?? {}));
  return (
    <ButtonLink
      size="small"
      variant="secondary"
      iconStart={<RiFileList2Line aria-hidden />}
      href={`${route({ namespace, templateName: name })}?formData=${form}`}
      onPress={() => analytics.captureEvent('remedy', about)}
    >
      {label}
    </ButtonLink>
  );
}

/** Whether the viewer sees the template and may run it; false until that is known. */
function useMayRun(template: string | undefined): boolean {
  const apis = useApiHolder();
  const [mayRun, setMayRun] = useState(false);
  useEffect(() => {
    let current = true;
    setMayRun(false);
    if (template)
      askMayRun(apis, template).then(
        answer => current && setMayRun(answer),
        // What cannot be checked is not offered.
        () => undefined,
      );
    return () => {
      current = false;
    };
  }, [apis, template]);
  return mayRun;
}

async function askMayRun(apis: ApiHolder, template: string): Promise<boolean> {
  const permissions = apis.get(permissionApiRef);
  const [entity, permission] = await Promise.all([
    templateOf(template) && apis.get(catalogApiRef)?.getEntityByRef(template),
    permissions?.authorize(RUN_TEMPLATE),
  ]);
  return Boolean(entity) && permission?.result !== 'DENY';
}

function templateOf(ref: string) {
  try {
    return parseEntityRef(ref, { defaultKind: 'template' });
  } catch {
    return undefined;
  }
}
