import {
  createExtension,
  createExtensionDataRef,
  ExtensionBoundary,
} from '@backstage/frontend-plugin-api';
import { ReactElement } from 'react';
import { titleAtStart } from './titles';

/** What a home page takes of a plugin; the name is that of `@backstage/plugin-home-react`, which an app may not have. */
const homePageWidgetDataRef = createExtensionDataRef<{
  node?: unknown;
  component: ReactElement;
  name?: string;
  title?: string;
  description?: string;
  layout?: {
    width?: { minColumns?: number; defaultColumns?: number };
    height?: { minRows?: number; defaultRows?: number };
  };
}>().with({ id: 'home.widget.data' });

/** A card for the home page, where the app has one. */
export const attentionCard = createExtension({
  kind: 'home-page-widget',
  name: 'attention',
  attachTo: { id: 'page:home', input: 'widgets' },
  output: [homePageWidgetDataRef],
  factory: ({ node, apis }) => [
    homePageWidgetDataRef({
      node,
      name: 'KeeptrustsAttention',
      title: titleAtStart('attention', apis),
      layout: {
        width: { minColumns: 3, defaultColumns: 6 },
        height: { minRows: 2, defaultRows: 4 },
      },
      component: ExtensionBoundary.lazy(node, () =>
        import('../features/overview/AttentionCard').then(m => (
          <m.AttentionCard />
        )),
      ),
    }),
  ],
});
