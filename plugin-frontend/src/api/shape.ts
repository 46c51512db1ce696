/**
 * Says where a value of the wire first differs from the form expected, such as `findings[0].code is not a string`;
 * undefined where it does not. Members that are not named may be anything: a newer service may send more.
 */
export type Shape = (value: unknown, path: string) => string | undefined;

const typed =
  (type: 'string' | 'number' | 'boolean'): Shape =>
  (value, path) =>
    // eslint-disable-next-line valid-typeof -- the parameter holds names of types only
    typeof value === type ? undefined : `${path} is not a ${type}`;

const string = typed('string');
const number = typed('number');
const boolean = typed('boolean');

/** The value may also be null or absent. */
const optional =
  (shape: Shape): Shape =>
  (value, path) =>
    value === null || value === undefined ? undefined : shape(value, path);

const object =
  (members: Readonly<Record<string, Shape>>): Shape =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return `${path || 'the answer'} is not an object`;
    for (const [name, shape] of Object.entries(members)) {
      const difference = shape(
        (value as Record<string, unknown>)[name],
        path ? `${path}.${name}` : name,
      );
      if (difference) return difference;
    }
    return undefined;
  };

const list =
  (shape: Shape): Shape =>
  (value, path) => {
    if (!Array.isArray(value)) return `${path} is not a list`;
    for (const [index, item] of value.entries()) {
      const difference = shape(item, `${path}[${index}]`);
      if (difference) return difference;
    }
    return undefined;
  };

const amount = object({ amount: string, currency: string });
const freshness = object({ observedAt: optional(string), stale: boolean });
const finding = object({ code: string, severity: string, message: string });

/** What the views read of a status. */
export const statusShape = object({
  entityRef: string,
  state: string,
  findings: list(finding),
  gatewayKey: optional(
    object({
      declared: string,
      state: string,
      previous: optional(object({ id: string })),
    }),
  ),
  policyTier: optional(object({})),
  team: optional(object({ name: string })),
  budget: optional(
    object({
      spent: amount,
      daily: optional(amount),
      usedRatio: optional(number),
      elapsedRatio: number,
      resetsAt: string,
      complete: boolean,
    }),
  ),
  wallet: optional(
    object({
      scope: string,
      state: string,
      available: amount,
      reserved: amount,
      allocated: amount,
    }),
  ),
  activity: optional(
    object({
      requests: number,
      blocked: number,
      redacted: number,
      escalated: number,
      complete: boolean,
    }),
  ),
  links: object({}),
  freshness,
});

const change = object({ amount, ratio: optional(number) });
const dailySpend = object({
  date: string,
  spent: amount,
  partial: boolean,
  complete: boolean,
});
const byModel = optional(list(object({ spent: amount, requests: number })));
const previousSpend = optional(
  object({
    from: string,
    to: string,
    total: amount,
    complete: boolean,
    change: optional(change),
    byDay: optional(list(dailySpend)),
  }),
);
const monthSpend = optional(
  object({
    month: string,
    spent: amount,
    complete: boolean,
    budget: optional(amount),
    usedRatio: optional(number),
    previous: optional(object({ month: string, complete: boolean })),
    change: optional(change),
    forecast: optional(
      object({
        low: amount,
        likely: amount,
        high: amount,
        basedOnDays: number,
      }),
    ),
  }),
);

/** What the views read of a report of spend. */
export const reportShape = object({
  entityRef: string,
  days: number,
  complete: boolean,
  total: optional(amount),
  dailyBudget: optional(amount),
  byDay: optional(list(dailySpend)),
  byModel,
  previous: previousSpend,
  month: monthSpend,
  months: optional(
    list(
      object({
        month: string,
        spent: amount,
        requests: number,
        complete: boolean,
        partial: boolean,
      }),
    ),
  ),
  unusualDays: optional(
    list(
      object({
        date: string,
        spent: amount,
        usual: amount,
        model: optional(string),
      }),
    ),
  ),
  findings: optional(list(finding)),
  freshness,
});

/** What the views read of a roll-up. */
export const rollUpShape = object({
  entityRef: string,
  days: number,
  complete: boolean,
  total: optional(amount),
  states: object({}),
  members: list(
    object({
      entityRef: string,
      state: string,
      worst: optional(finding),
      spent: optional(amount),
      previous: optional(amount),
      keys: optional(list(string)),
      shared: boolean,
      withheld: boolean,
      complete: boolean,
      byDay: optional(list(string)),
    }),
  ),
  byModel,
  byDay: optional(list(dailySpend)),
  sharedKeys: optional(list(object({ key: string, members: list(string) }))),
  unclaimed: optional(amount),
  withheld: number,
  dailyBudget: optional(amount),
  budgets: optional(number),
  wallets: optional(
    list(object({ team: string, available: amount, state: string })),
  ),
  previous: previousSpend,
  month: monthSpend,
  findings: optional(list(finding)),
  freshness,
});

/** What the views read of coverage. */
export const coverageShape = object({
  days: number,
  claimed: optional(amount),
  unclaimed: optional(amount),
  total: optional(amount),
  ratio: optional(number),
  complete: boolean,
  unclaimedKeys: list(
    object({
      key: optional(string),
      keyId: optional(string),
      team: optional(string),
      spent: amount,
      requests: number,
      likelyOwner: optional(string),
      annotation: optional(string),
    }),
  ),
  unknownKeys: list(
    object({
      entityRef: string,
      key: string,
      owner: optional(string),
      state: string,
    }),
  ),
  sharedKeys: list(
    object({
      key: string,
      team: optional(string),
      members: list(string),
      membersCount: number,
      spent: amount,
    }),
  ),
  silentConsumers: list(object({ entityRef: string, owner: optional(string) })),
  idleWallets: list(object({ team: string, available: amount })),
  truncated: object({
    unclaimedKeys: number,
    unknownKeys: number,
    sharedKeys: number,
    silentConsumers: number,
    idleWallets: number,
  }),
  findings: optional(list(finding)),
  freshness,
});

/** What the views read of the platform's health. */
export const platformShape = object({
  state: string,
  gateway: object({
    state: string,
    providers: optional(list(object({ name: string, state: string }))),
  }),
  controlPlane: object({ state: string }),
  links: object({}),
  freshness,
});

/** The frame of a reply about many entities; each item is looked at by itself. */
export const itemsShape = object({ items: list(() => undefined) });

/** The frame of a reply about the worst of many. */
export const worstShape = object({
  items: list(() => undefined),
  states: object({ ok: optional(number) }),
});

/** An item of such a reply, but for its status. */
export const itemShape = object({
  entityRef: string,
  problem: optional(object({ type: string, title: string, status: number })),
});
