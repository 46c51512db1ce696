/** The words of the Spend tab. */
export const spendMessages = {
  title: 'AI spend',
  period: {
    label: 'Period',
    days: '{{days}} days',
  },
  view: {
    label: 'Show the days as',
    chart: 'Chart',
    table: 'Table',
  },
  total: 'Spent in {{days}} days',
  today: 'Today so far {{amount}}',
  atLeast: 'at least {{amount}}',
  atMost: 'at most {{amount}}',
  budget: {
    title: 'Daily budget',
    none: 'None declared',
    over: 'Exceeded on {{over}} of {{days}} days',
    overAtLeast: 'Exceeded on at least {{over}} of {{days}} days',
    never: 'Not exceeded on any day',
    neverKnown: 'Not known to be exceeded on any day',
  },
  highest: {
    title: 'Highest day',
    none: 'No spend in this period',
    on: '{{date}}',
  },
  chart: {
    label:
      'Spend by day over {{days}} days. The arrow keys go from day to day; the table has the same numbers.',
    heading: 'By day',
  },
  legend: {
    label: 'Legend',
    within: 'Spent',
    beyond: 'Beyond the budget',
    partial: 'Today so far',
    incomplete: 'Lower bound',
    budget: 'Daily budget, {{amount}}',
  },
  day: {
    date: 'Day',
    spent: 'Spent',
    used: 'Of the budget',
    share: '{{share}} of {{budget}}',
    remarks: 'Remarks',
    partial: 'Today so far',
    over: 'Over the budget',
    incomplete: 'Lower bound: not all bookings could be read',
  },
  model: {
    heading: 'By model',
    name: 'Model',
    spent: 'Spent',
    share: 'Share',
    requests: 'Requests',
    unnamed: 'No model named',
    none: 'No request was paid for in this period.',
  },
  note: {
    zone: 'A day begins at midnight, {{zone}}.',
    budget:
      'The budget is the one declared now; it may have been another on earlier days.',
    team: 'Some of the team’s bookings name no key. They are counted here, so the numbers may be too high.',
  },
  withheld: {
    title: 'No numbers to show',
    description: 'They are withheld or could not be read; the findings say why.',
  },
} as const;
