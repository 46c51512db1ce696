/** The words of the AI governance page and of the home card, which show many entities. */
export const overviewMessages = {
  title: 'AI governance',
  table: {
    label: 'AI governance by entity',
    entity: 'Entity',
    state: 'State',
    spent: 'Spent today',
    budget: 'Daily budget',
    pace: 'Pace',
    wallet: 'Team wallet',
  },
  budget: {
    used: '{{used}} used',
    none: 'None declared',
  },
  nothing: '–',
  nothingExplained: 'Not known',
  filter: {
    all: 'Show all that I may see',
    search: 'Search by name, team or key',
    states: 'Filter by state',
    state: '{{state}} ({{number}})',
    clear: 'Clear filters',
  },
  range: '{{from}} – {{to}} of {{total}}',
  truncated: {
    title: 'Only the first {{shown}} entities by name are shown',
    description: 'There are more. Sorting, filters and counts are about these.',
  },
  empty: {
    owned: {
      title: 'Nothing that you own has a gateway key',
      description:
        'Neither you nor your groups own an entity that names a Keeptrusts gateway key. To make an entity appear here, add this to its catalog file:',
      showAll: 'Show all that I may see',
    },
    all: {
      title: 'No entity has a gateway key yet',
      description:
        'None that you may see names a Keeptrusts gateway key. To make one appear here, add this to its catalog file:',
    },
    filtered: {
      title: 'No entity fits these filters',
    },
    snippet: 'Annotations to add',
  },
  attention: {
    allInOrder: 'Your entities with a gateway key: {{number}}.',
    nothingOwned: 'Nothing that you own has a gateway key.',
    list: 'Entities that need attention',
    more: 'See all {{number}}',
    open: 'Open AI governance',
  },
} as const;
