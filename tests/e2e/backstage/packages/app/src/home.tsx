import { createExtensionInput, createFrontendPlugin, PageBlueprint } from '@backstage/frontend-plugin-api';
import { homePageWidgetDataRef } from '@backstage/plugin-home-react/alpha';

/** The smallest home page that takes the widgets of plugins, at the point where those of Backstage's own home page attach. */
export const home = createFrontendPlugin({
  pluginId: 'home',
  extensions: [
    PageBlueprint.makeWithOverrides({
      inputs: { widgets: createExtensionInput([homePageWidgetDataRef]) },
      factory: (page, { inputs }) =>
        page({
          path: '/home',
          title: 'Home',
          loader: async () => (
            <main style={{ maxInlineSize: '44rem', padding: '1.5rem' }}>
              {inputs.widgets.map(widget => {
                const { component, name } = widget.get(homePageWidgetDataRef);
                return <div key={name}>{component}</div>;
              })}
            </main>
          ),
        }),
    }),
  ],
});
