import { createApp } from '@backstage/app-defaults';
import { AppRouter, FlatRoutes } from '@backstage/core-app-api';
import { AlertDisplay, Content } from '@backstage/core-components';
import { CatalogEntityPage, CatalogIndexPage } from '@backstage/plugin-catalog';
import { Navigate, Route } from 'react-router-dom';
import { AutomaticSignIn } from '../../app/src/AutomaticSignIn';
import { entityPageWith, Plugin } from './entityPage';

/** An app of the old frontend system: each of the plugin's extensions is placed by hand. Gives the component to render. */
export function createLegacyApp(plugin: Plugin) {
  const { AiGovernancePage, HomePageAiGovernanceCard } = plugin;
  const app = createApp({
    components: { SignInPage: AutomaticSignIn },
  });
  return app.createRoot(
    <>
      <AlertDisplay />
      <AppRouter>
        <FlatRoutes>
          <Route path="/" element={<Navigate to="catalog" />} />
          <Route path="/catalog" element={<CatalogIndexPage />} />
          <Route path="/catalog/:namespace/:kind/:name" element={<CatalogEntityPage />}>
            {entityPageWith(plugin)}
          </Route>
          <Route path="/ai-governance" element={<AiGovernancePage />} />
          <Route
            path="/home"
            element={
              <Content>
                <HomePageAiGovernanceCard />
              </Content>
            }
          />
        </FlatRoutes>
      </AppRouter>
    </>,
  );
}
