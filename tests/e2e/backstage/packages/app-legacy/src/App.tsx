import { createApp } from '@backstage/app-defaults';
import { AppRouter, FlatRoutes } from '@backstage/core-app-api';
import { AlertDisplay, Content } from '@backstage/core-components';
import { CatalogEntityPage, CatalogIndexPage } from '@backstage/plugin-catalog';
import { AiGovernancePage, HomePageAiGovernanceCard } from 'backstage-plugin-keeptrusts/legacy';
import { Navigate, Route } from 'react-router-dom';
import { AutomaticSignIn } from '../../app/src/AutomaticSignIn';
import { entityPage } from './entityPage';

const app = createApp({
  components: { SignInPage: AutomaticSignIn },
});

/** An app of the old frontend system: each of the plugin's extensions is imported and placed by hand. */
export default app.createRoot(
  <>
    <AlertDisplay />
    <AppRouter>
      <FlatRoutes>
        <Route path="/" element={<Navigate to="catalog" />} />
        <Route path="/catalog" element={<CatalogIndexPage />} />
        <Route path="/catalog/:namespace/:kind/:name" element={<CatalogEntityPage />}>
          {entityPage}
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
