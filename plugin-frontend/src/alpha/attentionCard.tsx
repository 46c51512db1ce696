import { HomePageWidgetBlueprint } from '@backstage/plugin-home-react/alpha';

/** A card for the home page, where the app has one. */
export const attentionCard = HomePageWidgetBlueprint.make({
  name: 'attention',
  params: {
    name: 'KeeptrustsAttention',
    title: 'AI governance: what needs my attention',
    description:
      'Your entities whose Keeptrusts gateway key, budget, tier or wallet needs attention.',
    layout: {
      width: { minColumns: 3, defaultColumns: 6 },
      height: { minRows: 2, defaultRows: 4 },
    },
    components: () =>
      import('../components/AttentionCard').then(m => ({
        Content: m.AttentionCard,
      })),
  },
});
