import { Content, Header, Page } from '@backstage/core-components';
import { useWords } from '../../translations';
import { GovernancePage, GovernancePageOptions } from './GovernancePage';

/** The page with a header of its own, which the old frontend system does not give it. */
export function StandalonePage(options: GovernancePageOptions) {
  const { t } = useWords();
  return (
    <Page themeId="tool">
      <Header title={t('overview.title')} />
      <Content noPadding>
        <GovernancePage {...options} />
      </Content>
    </Page>
  );
}
