/**
 * Every word of the plugin in English, by the place where it stands. A message with `_one` and `_other` is one message in
 * the singular and the plural; names between double braces are put in. Other languages have the same keys.
 */
export const en = {
  span: {
    seconds: '{{seconds}} s',
    minutes: '{{minutes}} min',
    hours: '{{hours}} h',
    hoursMinutes: '{{hours}} h {{minutes}} min',
    days: '{{days}} d',
    daysHours: '{{days}} d {{hours}} h',
  },
  age: {
    now: 'just now',
    ago: '{{span}} ago',
  },
  bound: {
    atLeast: 'at least {{value}}',
    atMost: 'at most {{value}}',
    about: 'about {{value}}',
  },
  pace: {
    nothingAllowed: 'A budget of 0 allows no spending',
    usedUp: 'Used up',
    dayOver: 'These are the numbers of a day that has ended',
    tooEarly: 'Too early in the day to tell whether it lasts',
    uncertain: 'Cannot tell whether it lasts: the spend is incomplete',
    perhapsLasts:
      'Cannot tell whether it lasts: requests that name no key are counted too',
    runsOut: 'Runs out at {{time}} at this pace',
    lasts: 'Lasts until the reset at this pace',
  },
  freshness: {
    updated: 'Read from Keeptrusts {{age}}',
    updating: 'Asking Keeptrusts…',
    never: 'Nothing is known from Keeptrusts yet',
    stale: 'Out of date',
    refresh: 'Refresh',
    refreshPaused: 'Refreshed just now',
    failed: 'Could not be refreshed',
  },
  state: {
    ok: 'In order',
    warning: 'Needs attention',
    error: 'Action required',
    unconfigured: 'Not set up',
    unknown: 'Unknown',
  },
  severity: {
    info: 'Note',
    warning: 'Warning',
    error: 'Error',
  },
  findings: {
    label: 'Findings',
    more_one: '{{number}} more finding',
    more_other: '{{number}} more findings',
  },
  // Used where the service sends a finding's parameters; otherwise its own English sentence is shown.
  finding: {
    annotationMissing: {
      message: 'The entity names no Keeptrusts gateway key.',
      hint: 'If it uses AI models through the gateway, name its gateway key in its catalog file, or onboard its team.',
    },
    annotationInvalid: {
      keyName: {
        message:
          '“{{value}}” in {{annotation}} is not the name of a gateway key.',
        hint: 'Write the name as Keeptrusts lists it: at most {{longest}} printable characters on one line, without blanks at either end.',
      },
      policyTier: {
        message: '“{{value}}” in {{annotation}} is not a policy tier.',
        hint: 'Write it as tier-<number>-<name> in lower case, for example tier-2-internal.',
      },
      amount: {
        message:
          '“{{value}}” in {{annotation}} is not an amount of US dollars.',
        hint: 'Write it as a quoted decimal with a point, for example "500" or "0.25": without sign, currency and separators, at most {{digits}} digits before the point and {{decimals}} after it. "0" means that nothing may be spent.',
      },
    },
    keyNotFound: {
      message: 'Keeptrusts has no gateway key “{{key}}”.',
      hint: 'Check the name in the catalog file, or make the key.',
    },
    keyRevoked: {
      message: 'The gateway key “{{key}}” is revoked.',
      hint: 'Name a key that is active, or make a new one.',
    },
    keyExpired: {
      message: 'The gateway key “{{key}}” expired: {{expiresAt}}.',
      hint: 'Make a new key of this name.',
    },
    keyExpiring: {
      message: 'The gateway key “{{key}}” expires: {{expiresAt}}.',
      hint: 'Make a new key before it does.',
    },
    numbersWithheld: {
      message:
        'Amounts are for members of {{owner}} and of the platform groups.',
      hint: 'Ask the owning group, or the people who run the platform.',
    },
    ownerMismatch: {
      message:
        'The gateway key “{{key}}” is not one of the owner’s, {{owner}}: numbers are withheld.',
      hint: 'Name a key of the owner’s own team, or let the group that has the key own the entity.',
    },
    tierUndeclared: {
      message: 'The entity declares no policy tier.',
      hint: 'Declare the tier that its team’s configuration enforces.',
    },
    tierDrift: {
      message:
        'The entity declares “{{declared}}”, but its team’s configuration enforces “{{enforced}}”.',
      hint: 'Correct the declared tier, or have a configuration of that tier enabled.',
    },
    tierUnenforced: {
      message:
        'The entity declares “{{declared}}”, but no configuration enforces a tier.',
      hint: 'Have a configuration of the declared tier enabled.',
    },
    walletMissing: {
      message: 'The team {{team}} has no wallet.',
      hint: 'Ask for an allocation.',
    },
    walletLow: {
      message: 'The wallet runs low: {{available}} are left.',
      hint: 'Ask for an allocation.',
    },
    walletDepleted: {
      message: 'The wallet is empty: requests are held.',
      hint: 'Ask for an allocation.',
    },
    budgetNear: {
      message:
        '{{spent}} are spent, which is {{ratio}} of the daily budget of {{budget}}.',
      hint: 'Raise the budget in the catalog file, or see which model spends it.',
    },
    budgetExceeded: {
      message: '{{spent}} are spent, more than the daily budget of {{budget}}.',
      hint: 'Raise the budget in the catalog file, or see which model spends it.',
    },
    budgetPace: {
      message:
        'At this pace the daily budget runs out at {{exhaustsAt}}, before it resets at {{resetsAt}}.',
      hint: 'Raise the budget in the catalog file, or see which model spends it.',
    },
    monthBudgetNear: {
      message:
        '{{spent}} are spent this month, which is {{ratio}} of the monthly budget of {{budget}}.',
      hint: 'Raise the budget in the catalog file, or see which model spends it.',
    },
    monthBudgetExceeded: {
      message:
        '{{spent}} are spent this month, more than the monthly budget of {{budget}}.',
      hint: 'Raise the budget in the catalog file, or see which model spends it.',
    },
    monthBudgetPace: {
      message:
        'At this pace the month ends at about {{likely}} (between {{low}} and {{high}}), above the monthly budget of {{budget}}.',
      hint: 'Raise the budget in the catalog file, or see which model spends it.',
    },
    spendUnusual: {
      message:
        '{{day}} cost {{spent}}, far above the usual {{usual}}; most of the difference is {{model}}.',
      withoutModel: '{{day}} cost {{spent}}, far above the usual {{usual}}.',
      hint: 'See which model spends it. If no one expected this, rotate the key: it may have leaked.',
    },
    // What those see for whom the amounts are not: each without a number, and with the hint of its code.
    withoutAmounts: {
      walletLow: 'The team’s wallet is low or empty.',
      budgetNear: 'Most of the daily budget is spent.',
      budgetExceeded: 'The daily budget is spent.',
      budgetPace: 'At this pace the daily budget runs out before it resets.',
      monthBudgetNear: 'Most of the monthly budget is spent.',
      monthBudgetExceeded: 'The monthly budget is spent.',
      monthBudgetPace: 'At this pace the month ends above the monthly budget.',
      spendUnusual:
        'A day of late has cost far more than is usual for this key.',
      spendIncomplete:
        'Sums of spend are lower bounds, since not all of it has been read.',
      spendIncompleteHint: 'The service reads on by itself.',
    },
    dataStale: {
      message: 'Keeptrusts has not answered since {{since}}.',
      hint: 'These are the last facts. The service asks again by itself.',
    },
    catalogDenied: {
      message: 'Backstage refuses the service’s own token.',
      hint: 'The people who run the platform must renew it.',
    },
  },
  remedy: {
    open: 'Fix this with a template',
    onboard: 'Set up AI access',
  },
  statusCard: {
    title: 'AI Governance',
    spendLink: 'Show AI spend',
  },
  limit: {
    binds: 'Binds first',
  },
  budget: {
    title: 'Spent today',
    meter: 'Daily budget',
    of: 'of {{daily}}',
    none: 'No daily budget to hold it against',
    share: '{{used}} used, {{elapsed}} of the day gone',
    elapsed: '{{elapsed}} of the day gone',
    reading: '{{spent}} of {{daily}}, {{share}}',
    lowerBound: 'Incomplete',
    upperBound:
      'Requests of the team that name no key are counted too, so the sum may be too high.',
    resets: 'Resets {{time}} (in {{span}})',
  },
  identity: {
    title: 'Team, key and tier',
  },
  team: {
    label: 'Team',
  },
  key: {
    label: 'Gateway key',
    active: 'Active',
    expiring: 'Expires soon',
    expired: 'Expired',
    revoked: 'Revoked',
    notFound: 'Not found',
    withheld: 'Withheld',
    unknown: 'Unknown',
    expires: 'expires {{time}}',
    expiredOn: 'expired {{time}}',
    neverExpires: 'never expires',
    lastUsed: 'used {{age}}',
    neverUsed: 'never used',
    count_one: '{{number}} key of this name',
    count_other: '{{number}} keys of this name',
    previous: 'Previous key {{key}} still works',
    previousUsed: 'last used {{age}}',
    previousUnused: 'not used since {{time}}',
    previousEnds: 'to be revoked, at the earliest {{time}}',
  },
  tier: {
    label: 'Policy tier',
    none: 'None',
    enforced: 'Enforced',
    unenforced: 'Not enforced',
    undeclared: 'Not declared',
    unknown: 'Not known',
    drift: 'Differs',
    enforcedInstead: 'Enforced: {{tier}}',
  },
  wallet: {
    title: 'Wallet',
    ofTeam: 'Team wallet',
    ofOrganization: 'Organization wallet',
    ofUser: 'User wallet',
    healthy: 'Healthy',
    low: 'Low',
    depleted: 'Depleted',
    available: 'available',
    reserved: '{{reserved}} reserved, {{allocated}} allocated',
  },
  activity: {
    title: 'Requests today',
    requests: 'Requests',
    blocked: 'Blocked',
    redacted: 'Redacted',
    escalated: 'Escalated',
    lowerBound: 'Incomplete',
    last: 'Last request {{age}}',
    none: 'No request yet',
    console: 'Open the console',
  },
  missing: {
    withheld: 'Withheld, since the key is not the owner’s: {{parts}}.',
    forOwners: '{{whose}} Not shown here: {{parts}}.',
    unavailable: 'Not known: {{parts}}.',
  },
  guide: {
    explanation:
      '{{name}} names no Keeptrusts gateway key. If it uses AI, add these lines under metadata.annotations in its catalog-info.yaml, with your own values:',
    code: 'Annotations to add',
    note: 'The key is the name of a gateway key of the owner’s team; the budget is in US dollars a day.',
    docs: 'Documentation',
  },
  link: {
    newTab: ', opens in a new tab',
  },
  copy: {
    do: 'Copy',
    done: 'Copied',
    failed: 'The browser does not allow copying: select the text instead.',
  },
  platform: {
    title: 'AI gateway',
    ok: 'Working',
    warning: 'Impaired',
    error: 'Failing',
    unknown: 'Unknown',
    console: 'Open the console',
  },
  gateway: {
    label: 'Gateway',
    healthy: 'Healthy',
    degraded: 'Degraded',
    unhealthy: 'Unhealthy',
    unreachable: 'Unreachable',
    unconfigured: 'Not configured',
    unknown: 'Unknown',
    policies: 'Policies loaded',
    version: 'Version',
    since: 'Running since',
    uptime: 'for {{span}}',
    address: 'Address for your requests: {{address}}',
  },
  controlPlane: {
    label: 'Control plane',
    ready: 'Ready',
    notReady: 'Not ready',
    unreachable: 'Unreachable',
    consequence: 'Requests still pass; the numbers shown here grow old.',
  },
  providers: {
    label: 'Model providers',
    reachable: 'Reachable',
    unreachable: 'Unreachable',
  },
  content: {
    loading: 'Loading',
  },
  failure: {
    signedOut: {
      title: 'Your sign-in has ended',
      description: 'Reload the page to sign in again.',
    },
    notPermitted: {
      title: 'Not permitted',
      description:
        'You do not have permission to see this. The people who run Backstage can give you access.',
    },
    notFound: {
      title: 'Nothing here for you',
      description:
        'The service knows nothing of this name, or you may not see it. A new entity appears once the catalog has read it.',
    },
    notConfigured: {
      title: 'Backstage is not connected to Keeptrusts yet',
      description:
        'Its proxy has no endpoint where this plugin asks. Add it to app-config.yaml as the plugin’s README shows.',
    },
    wrongTarget: {
      title: 'Something else answers in the service’s place',
      description:
        'Backstage’s proxy reached a server that does not know this address. Check the target of the endpoint in app-config.yaml.',
    },
    webPage: {
      title: 'A web page came instead of an answer',
      description:
        'It may be the sign-in page of your network: reload this page. If that does not help, check the target of Backstage’s proxy.',
    },
    tooManyRequests: {
      title: 'Too many requests',
      description: 'More was asked than is allowed in this time.',
    },
    contract: {
      title: 'The answer could not be read',
      description:
        'The answer has a form that this plugin does not know. The versions of plugin and service may not fit.',
    },
    service: {
      title: 'The service failed',
      description:
        'It could not answer this request. Trying again will hardly help; its log says more.',
    },
    backstageUnreachable: {
      title: 'Backstage cannot be reached',
      description:
        'The request did not leave this browser. Check your network.',
    },
    serviceUnreachable: {
      title: 'The governance service cannot be reached',
      description:
        'Backstage got no answer from it. Your AI requests do not pass through it and are not affected.',
    },
    keeptrustsUnreachable: {
      title: 'Keeptrusts cannot be reached',
      description:
        'The service could not ask its control plane, and has nothing recent to show.',
    },
    catalogUnreachable: {
      title: 'The catalog cannot be reached',
      description: 'What you may see cannot be checked now.',
    },
    identityUnreachable: {
      title: 'Your sign-in cannot be verified now',
      description: 'The service cannot read Backstage’s signing keys.',
    },
    retry: 'Try again',
    retryAfter: 'Worth trying again in {{span}}.',
    requestId: 'Request {{id}}',
  },
  spend: {
    title: 'AI spend',
    period: {
      label: 'Period',
      days_one: '{{number}} day',
      days_other: '{{number}} days',
    },
    view: {
      label: 'Show the days as',
      chart: 'Chart',
      table: 'Table',
    },
    total_one: 'Spent in {{number}} day',
    total_other: 'Spent in {{number}} days',
    today: 'Today so far {{amount}}',
    budget: {
      title: 'Daily budget',
      none: 'None declared',
      over_one: 'Exceeded on {{over}} of {{number}} day',
      over_other: 'Exceeded on {{over}} of {{number}} days',
      never: 'Not exceeded on any day',
      neverKnown: 'Not known to be exceeded on any day',
    },
    highest: {
      title: 'Highest day',
      none: 'No spend in this period',
    },
    chart: {
      label_one:
        'Spend by day over {{number}} day. The arrow keys go from day to day; the table has the same numbers.',
      label_other:
        'Spend by day over {{number}} days. The arrow keys go from day to day; the table has the same numbers.',
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
      incomplete: 'Lower bound: not all events could be read',
    },
    previous: {
      more_one: '{{share}} more than on the day before that ({{amount}})',
      more_other:
        '{{share}} more than in the {{number}} days before ({{amount}})',
      less_one: '{{share}} less than on the day before that ({{amount}})',
      less_other:
        '{{share}} less than in the {{number}} days before ({{amount}})',
      same_one: 'As much as on the day before that ({{amount}})',
      same_other: 'As much as in the {{number}} days before ({{amount}})',
      sum_one: 'The day before that: {{amount}}',
      sum_other: 'The {{number}} days before: {{amount}}',
      day: 'In the period before: {{amount}}',
      legend: 'Period before, {{from}} to {{to}}',
    },
    unusual: {
      short: 'Unusual day',
      day: 'Unusual: the usual is {{usual}}',
      byModel: 'Unusual: the usual is {{usual}}; most of the rest is {{model}}',
      times: '{{times}} times the usual {{usual}}',
      timesByModel:
        '{{times}} times the usual {{usual}}; most of the rest is {{model}}',
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
      team: 'Requests of the team that name no key are counted too, so the numbers may be too high.',
    },
    withheld: {
      title: 'No numbers to show',
      description:
        'They are withheld or could not be read; the findings say why.',
    },
  },
  coverage: {
    title: 'Coverage',
    view: { label: 'View', entities: 'Entities' },
    share: 'Claimed by entities',
    period_one: 'Today',
    period_other: 'Last {{number}} days',
    claimed: 'Claimed',
    unclaimed: 'In no entity',
    total: 'Total',
    nothingSpent: 'Nothing was spent',
    allClaimed: 'Every key that was used is claimed by an entity.',
    withheld: {
      title: 'Coverage is for the platform groups',
      description:
        'It holds the spend of the whole organisation. Ask the platform team, who decide which groups these are (BFF_PLATFORM_GROUPS).',
    },
    unclaimedKeys: {
      heading: 'Keys that no entity claims',
      description:
        'They were used, and their spend stands on no page. Give the line to the likely owner, for metadata.annotations of the entity that uses the key.',
    },
    unknownKeys: {
      heading: 'Claims that mean no key',
      description:
        'These entities name a key that is not there, or is not their owner’s. Correct the annotation or the owner.',
    },
    sharedKeys: {
      heading: 'Keys that several entities claim',
      description:
        'What such a key spends cannot be divided. Make a key for each entity.',
    },
    silentConsumers: {
      heading: 'Consumers of the gateway without a key',
      description:
        'These entities consume the gateway’s API and name no key. Ask the owners which key they use.',
    },
    idleWallets: {
      heading: 'Wallets of teams without a service',
      description:
        'No entity claims a key of these teams. Reclaim the money, or find the service.',
    },
    column: {
      key: 'Gateway key',
      team: 'Team',
      spent: 'Spent',
      requests: 'Requests',
      likelyOwner: 'Likely owner',
      annotation: 'Line to paste',
      entity: 'Entity',
      entities: 'Entities',
      owner: 'Owner',
      why: 'Why',
      available: 'Available',
    },
    annotationOf: 'Annotation that claims {{key}}',
    noAnnotation: 'No entity can claim it',
    withoutKey: 'Requests without a key',
    deletedKey: '{{id}}, not listed any more',
    notFound: 'There is no such key',
    notOwned: 'The key is not the owner’s',
    all_one: 'Show it all',
    all_other: 'Show all {{number}}',
    fewer: 'Show fewer',
    leftOut_one: 'and {{number}} more',
    leftOut_other: 'and {{number}} more',
  },
  month: {
    heading: 'This month',
    spent: 'Spent in {{month}}',
    more: '{{share}} more than in as much of {{month}} ({{amount}})',
    less: '{{share}} less than in as much of {{month}} ({{amount}})',
    same: 'As much as in as much of {{month}} ({{amount}})',
    before: 'In as much of {{month}}: {{amount}}',
    budget: 'Monthly budget',
    noBudget: 'None declared',
    used: '{{used}} used',
    reading: '{{spent}} of {{budget}}, {{used}}',
    forecast: 'Likely at the month’s end',
    range: '{{low}} to {{high}}',
    likely: 'most likely {{likely}}',
    how_one:
      'What is spent so far, and for each day to come the median of the weekdays or the weekend days among the last 28 that have ended ({{number}} is known); the range takes their 10th and 90th percentile.',
    how_other:
      'What is spent so far, and for each day to come the median of the weekdays or the weekend days among the last 28 that have ended ({{number}} are known); the range takes their 10th and 90th percentile.',
    noForecast: 'No forecast',
    tooFewDays: 'Fewer than 7 whole days are known.',
    incomplete: 'Not all of the spend has been read.',
    unknown: 'The service does not say why.',
  },
  months: {
    heading: 'By month',
    view: 'Show the months as',
    label_one:
      'Spend by month over {{number}} month. The arrow keys go from month to month; the table has the same numbers.',
    label_other:
      'Spend by month over {{number}} months. The arrow keys go from month to month; the table has the same numbers.',
    month: 'Month',
    spent: 'Spent',
    requests: 'Requests',
    remarks: 'Remarks',
    partial: 'Month so far',
    incomplete: 'Lower bound: not all events could be read',
    forecast: 'Likely to end between {{low}} and {{high}}',
    legend: {
      spent: 'Spent',
      partial: 'Month so far',
      incomplete: 'Lower bound',
      forecast: 'Likely range at the month’s end',
    },
  },
  download: {
    label: 'Download',
    csv: 'CSV, for spreadsheets',
    focus: 'FOCUS 1.2, for cost tools',
    busy: 'The file is being made…',
    done: 'The file {{name}} is downloaded',
    failed: 'The file could not be downloaded: {{reason}}',
  },
  rollUp: {
    title: 'AI Governance summary',
    tab: 'AI spend of the members',
    open: 'Show AI spend by member',
    states: {
      label: 'Members by state',
      entry: '{{state}}: {{number}}',
    },
    empty: {
      title: 'No member uses AI through the gateway',
      description:
        'Nothing that belongs here and that you may see names a Keeptrusts gateway key.',
      withoutKey_one:
        '{{number}} member uses the API of the gateway without a key of its own.',
      withoutKey_other:
        '{{number}} members use the API of the gateway without keys of their own.',
    },
    budget: {
      title: 'Daily budgets together',
      none: 'None declared',
      members_one: 'Declared by {{number}} member',
      members_other: 'Declared by {{number}} members',
    },
    unclaimed: {
      title: 'Not claimed by a member',
      note: 'By keys of the group’s teams that no member names; not in the sum',
    },
    lowerBound: 'Not all is known, so the sum is a lower bound.',
    withheld_one: 'The amounts of {{number}} member are not for you.',
    withheld_other: 'The amounts of {{number}} members are not for you.',
    noNumbers: {
      title: 'No amounts to show',
      description: 'The amounts of these members are not for you.',
    },
    attention: {
      title: 'What needs attention',
      label: 'Members that need attention',
      none: 'All members with a gateway key are in order.',
      more_one: '{{number}} more member needs attention.',
      more_other: '{{number}} more members need attention.',
    },
    days: {
      label_one:
        'Spend by member over {{number}} day. The arrow keys go from day to day; the table has the same numbers.',
      label_other:
        'Spend by member over {{number}} days. The arrow keys go from day to day; the table has the same numbers.',
      others_one: '{{number}} other',
      others_other: '{{number}} others',
      sum: 'All',
      none: 'No spend in this period',
    },
    members: {
      heading: 'By member',
      entity: 'Member',
      state: 'State',
      spent: 'Spent',
      before: 'Period before',
      share: 'Share',
      keys: 'Keys',
      withheld: 'Not for you',
      elsewhere: 'Stands with another member that names the same key',
      shared: 'Named by another member too',
    },
    shared: {
      heading: 'Keys that several members name',
      note: 'What such a key spends is counted once, with the first of its members.',
      key: 'Key',
      team: 'Team',
      members: 'Members',
    },
    wallets: {
      heading: 'Wallets',
      team: 'Team',
      available: 'Available',
      state: 'State',
    },
    note: {
      zone: 'A day begins at midnight, {{zone}}.',
      once: 'Each key is counted once, however many members name it.',
    },
  },
  overview: {
    title: 'AI Governance',
    table: {
      label: 'AI Governance by entity',
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
    spendOf: 'AI spend of {{name}}',
    filter: {
      all: 'Show all that I may see',
      search: 'Search by name, team or key',
      states: 'Filter by state',
      state: '{{state}} ({{number}})',
      clear: 'Clear filters',
    },
    total: {
      label: 'Spent today',
      note_one: 'by {{number}} entity, each key once',
      note_other: 'by {{number}} entities, each key once',
      unknown_one: 'the amount of {{number}} is not known or not for you',
      unknown_other: 'the amounts of {{number}} are not known or not for you',
    },
    range: '{{from}} – {{to}} of {{total}}',
    truncated: {
      title_one: 'Only the first {{number}} entity by name is shown',
      title_other: 'Only the first {{number}} entities by name are shown',
      description:
        'There are more. Sorting, filters and counts are about these.',
    },
    empty: {
      owned: {
        title: 'Nothing that you own has a gateway key',
        description:
          'Neither you nor your groups own an entity that names a Keeptrusts gateway key. To make an entity appear here, add these lines under metadata.annotations in its catalog file:',
        showAll: 'Show all that I may see',
      },
      all: {
        title: 'No entity has a gateway key yet',
        description:
          'None that you may see names a Keeptrusts gateway key. To make one appear here, add these lines under metadata.annotations in its catalog file:',
      },
      filtered: {
        title: 'No entity fits these filters',
      },
      snippet: 'Annotations to add',
    },
    attention: {
      title: 'AI Governance: what needs my attention',
      allInOrder_one: 'Your {{number}} entity with a gateway key is in order.',
      allInOrder_other:
        'Your {{number}} entities with a gateway key are in order.',
      nothingOwned: 'Nothing that you own has a gateway key.',
      list: 'Entities that need attention',
      truncated_one:
        'Only the first {{number}} entity by name was looked at; there are more.',
      truncated_other:
        'Only the first {{number}} entities by name were looked at; there are more.',
      more: 'See all {{number}}',
      open: 'Open AI Governance',
    },
  },
} as const;
