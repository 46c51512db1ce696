/** The plugin in German. Backstage loads it when the app offers the language. */
import { en } from './en';
import { flattened, WordsOf } from './flatten';

const de: WordsOf<typeof en> = {
  span: {
    seconds: '{{seconds}} s',
    minutes: '{{minutes}} min',
    hours: '{{hours}} h',
    hoursMinutes: '{{hours}} h {{minutes}} min',
    days: '{{days}} T',
    daysHours: '{{days}} T {{hours}} h',
  },
  age: {
    now: 'gerade eben',
    ago: 'vor {{span}}',
  },
  bound: {
    atLeast: 'mindestens {{value}}',
    atMost: 'höchstens {{value}}',
    about: 'etwa {{value}}',
  },
  pace: {
    nothingAllowed: 'Ein Budget von 0 erlaubt keine Ausgaben',
    usedUp: 'Aufgebraucht',
    dayOver: 'Diese Zahlen gehören zu einem Tag, der zu Ende ist',
    tooEarly: 'Zu früh am Tag, um zu sagen, ob es reicht',
    uncertain: 'Ob es reicht, ist offen: Die Ausgaben sind unvollständig',
    perhapsLasts: 'Ob es reicht, ist offen: Anfragen ohne Schlüssel zählen mit',
    runsOut: 'Bei diesem Verbrauch um {{time}} aufgebraucht',
    lasts: 'Reicht bei diesem Verbrauch bis zur Rücksetzung',
  },
  freshness: {
    updated: 'Von Keeptrusts gelesen: {{age}}',
    updating: 'Keeptrusts wird gefragt …',
    never: 'Von Keeptrusts ist noch nichts bekannt',
    stale: 'Veraltet',
    refresh: 'Aktualisieren',
    refreshPaused: 'Gerade aktualisiert',
    failed: 'Aktualisieren ist fehlgeschlagen',
  },
  state: {
    ok: 'In Ordnung',
    warning: 'Bitte prüfen',
    error: 'Handeln nötig',
    unconfigured: 'Nicht eingerichtet',
    unknown: 'Unbekannt',
  },
  severity: {
    info: 'Hinweis',
    warning: 'Warnung',
    error: 'Fehler',
  },
  findings: {
    label: 'Befunde',
    more_one: '{{number}} weiterer Befund',
    more_other: '{{number}} weitere Befunde',
  },
  finding: {
    annotationMissing: {
      message: 'Die Entität nennt keinen Keeptrusts-Gateway-Schlüssel.',
      hint: 'Wenn sie KI-Modelle über das Gateway nutzt, nennen Sie den Schlüssel in ihrer Katalogdatei oder richten Sie das Team ein.',
    },
    annotationInvalid: {
      keyName: {
        message:
          '„{{value}}“ in {{annotation}} ist kein Name eines Gateway-Schlüssels.',
        hint: 'Schreiben Sie den Namen so, wie Keeptrusts ihn führt: höchstens {{longest}} druckbare Zeichen auf einer Zeile, ohne Leerzeichen am Anfang und am Ende.',
      },
      policyTier: {
        message: '„{{value}}“ in {{annotation}} ist keine Richtlinienstufe.',
        hint: 'Schreiben Sie sie als tier-<Nummer>-<Name> in Kleinbuchstaben, zum Beispiel tier-2-internal.',
      },
      amount: {
        message: '„{{value}}“ in {{annotation}} ist kein Betrag in US-Dollar.',
        hint: 'Schreiben Sie ihn in Anführungszeichen als Dezimalzahl mit Punkt, zum Beispiel "500" oder "0.25": ohne Vorzeichen, Währung und Trennzeichen, höchstens {{digits}} Stellen vor dem Punkt und {{decimals}} danach. "0" heißt, dass nichts ausgegeben werden darf.',
      },
    },
    keyNotFound: {
      message: 'Keeptrusts hat keinen Gateway-Schlüssel „{{key}}“.',
      hint: 'Prüfen Sie den Namen in der Katalogdatei, oder legen Sie den Schlüssel an.',
    },
    keyRevoked: {
      message: 'Der Gateway-Schlüssel „{{key}}“ ist widerrufen.',
      hint: 'Nennen Sie einen aktiven Schlüssel, oder legen Sie einen neuen an.',
    },
    keyExpired: {
      message: 'Der Gateway-Schlüssel „{{key}}“ ist abgelaufen: {{expiresAt}}.',
      hint: 'Legen Sie einen neuen Schlüssel dieses Namens an.',
    },
    keyExpiring: {
      message: 'Der Gateway-Schlüssel „{{key}}“ läuft ab: {{expiresAt}}.',
      hint: 'Legen Sie vorher einen neuen Schlüssel an.',
    },
    numbersWithheld: {
      message:
        'Beträge sind für Mitglieder von {{owner}} und der Plattformgruppen.',
      hint: 'Fragen Sie die Eigentümergruppe oder das Plattformteam.',
    },
    ownerMismatch: {
      message:
        'Der Gateway-Schlüssel „{{key}}“ gehört nicht dem Eigentümer {{owner}}: Die Zahlen werden zurückgehalten.',
      hint: 'Nennen Sie einen Schlüssel des eigenen Teams, oder lassen Sie die Gruppe mit dem Schlüssel die Entität besitzen.',
    },
    tierUndeclared: {
      message: 'Die Entität nennt keine Richtlinienstufe.',
      hint: 'Nennen Sie die Stufe, die die Konfiguration des Teams durchsetzt.',
    },
    tierDrift: {
      message:
        'Die Entität nennt „{{declared}}“, die Konfiguration des Teams setzt aber „{{enforced}}“ durch.',
      hint: 'Berichtigen Sie die genannte Stufe, oder lassen Sie eine Konfiguration dieser Stufe einschalten.',
    },
    tierUnenforced: {
      message:
        'Die Entität nennt „{{declared}}“, aber keine Konfiguration setzt eine Stufe durch.',
      hint: 'Lassen Sie eine Konfiguration der genannten Stufe einschalten.',
    },
    walletMissing: {
      message: 'Das Team {{team}} hat kein Guthabenkonto.',
      hint: 'Beantragen Sie eine Zuteilung.',
    },
    walletLow: {
      message: 'Das Guthaben geht zur Neige: {{available}} sind übrig.',
      hint: 'Beantragen Sie eine Zuteilung.',
    },
    walletDepleted: {
      message: 'Das Guthaben ist aufgebraucht: Anfragen werden angehalten.',
      hint: 'Beantragen Sie eine Zuteilung.',
    },
    budgetNear: {
      message:
        '{{spent}} sind ausgegeben, das sind {{ratio}} des Tagesbudgets von {{budget}}.',
      hint: 'Erhöhen Sie das Budget in der Katalogdatei, oder prüfen Sie, welches Modell es verbraucht.',
    },
    budgetExceeded: {
      message:
        '{{spent}} sind ausgegeben, mehr als das Tagesbudget von {{budget}}.',
      hint: 'Erhöhen Sie das Budget in der Katalogdatei, oder prüfen Sie, welches Modell es verbraucht.',
    },
    budgetPace: {
      message:
        'Bei diesem Verbrauch ist das Tagesbudget um {{exhaustsAt}} aufgebraucht, vor der Rücksetzung um {{resetsAt}}.',
      hint: 'Erhöhen Sie das Budget in der Katalogdatei, oder prüfen Sie, welches Modell es verbraucht.',
    },
    monthBudgetNear: {
      message:
        '{{spent}} sind diesen Monat ausgegeben, das sind {{ratio}} des Monatsbudgets von {{budget}}.',
      hint: 'Erhöhen Sie das Budget in der Katalogdatei, oder prüfen Sie, welches Modell es verbraucht.',
    },
    monthBudgetExceeded: {
      message:
        '{{spent}} sind diesen Monat ausgegeben, mehr als das Monatsbudget von {{budget}}.',
      hint: 'Erhöhen Sie das Budget in der Katalogdatei, oder prüfen Sie, welches Modell es verbraucht.',
    },
    monthBudgetPace: {
      message:
        'Bei diesem Verbrauch endet der Monat bei etwa {{likely}} (zwischen {{low}} und {{high}}), über dem Monatsbudget von {{budget}}.',
      hint: 'Erhöhen Sie das Budget in der Katalogdatei, oder sehen Sie nach, welches Modell es ausgibt.',
    },
    spendUnusual: {
      message:
        '{{day}} kostete {{spent}}, weit über den üblichen {{usual}}; das meiste der Differenz ist {{model}}.',
      withoutModel:
        '{{day}} kostete {{spent}}, weit über den üblichen {{usual}}.',
      hint: 'Sehen Sie nach, welches Modell es ausgibt. Hat das niemand erwartet, erneuern Sie den Schlüssel: Er kann in fremde Hände gelangt sein.',
    },
    withoutAmounts: {
      walletLow: 'Das Guthaben des Teams ist niedrig oder leer.',
      budgetNear: 'Der größte Teil des Tagesbudgets ist ausgegeben.',
      budgetExceeded: 'Das Tagesbudget ist ausgegeben.',
      budgetPace:
        'Bei diesem Tempo ist das Tagesbudget aufgebraucht, bevor es zurückgesetzt wird.',
      monthBudgetNear: 'Das meiste des Monatsbudgets ist ausgegeben.',
      monthBudgetExceeded: 'Das Monatsbudget ist ausgegeben.',
      monthBudgetPace:
        'Bei diesem Tempo endet der Monat über dem Monatsbudget.',
      spendUnusual:
        'Ein Tag der letzten Zeit kostete weit mehr, als für diesen Schlüssel üblich ist.',
      spendIncomplete:
        'Summen der Ausgaben sind Untergrenzen, da noch nicht alles gelesen ist.',
      spendIncompleteHint: 'Der Dienst liest von selbst weiter.',
    },
    dataStale: {
      message: 'Keeptrusts hat seit {{since}} nicht geantwortet.',
      hint: 'Dies sind die letzten bekannten Werte. Der Dienst fragt von selbst wieder nach.',
    },
    catalogDenied: {
      message: 'Backstage lehnt das eigene Token des Dienstes ab.',
      hint: 'Das Plattformteam muss es erneuern.',
    },
  },
  remedy: {
    open: 'Mit einer Vorlage beheben',
    onboard: 'KI-Zugang einrichten',
  },
  statusCard: {
    title: 'KI-Governance',
    spendLink: 'KI-Ausgaben ansehen',
  },
  limit: {
    binds: 'Greift zuerst',
  },
  budget: {
    title: 'Heute ausgegeben',
    meter: 'Tagesbudget',
    of: 'von {{daily}}',
    none: 'Kein Tagesbudget zum Vergleich',
    share: '{{used}} verbraucht, {{elapsed}} des Tages vorbei',
    elapsed: '{{elapsed}} des Tages vorbei',
    reading: '{{spent}} von {{daily}}, {{share}}',
    lowerBound: 'Unvollständig',
    upperBound:
      'Anfragen des Teams, die keinen Schlüssel nennen, zählen mit; die Summe kann zu hoch sein.',
    resets: 'Rücksetzung {{time}} (in {{span}})',
  },
  identity: {
    title: 'Team, Schlüssel und Stufe',
  },
  team: {
    label: 'Team',
  },
  key: {
    label: 'Gateway-Schlüssel',
    active: 'Aktiv',
    expiring: 'Läuft bald ab',
    expired: 'Abgelaufen',
    revoked: 'Widerrufen',
    notFound: 'Nicht gefunden',
    withheld: 'Zurückgehalten',
    unknown: 'Unbekannt',
    expires: 'läuft ab: {{time}}',
    expiredOn: 'abgelaufen: {{time}}',
    neverExpires: 'läuft nie ab',
    lastUsed: 'benutzt {{age}}',
    neverUsed: 'nie benutzt',
    count_one: '{{number}} Schlüssel dieses Namens',
    count_other: '{{number}} Schlüssel dieses Namens',
    previous: 'Voriger Schlüssel {{key}} gilt noch',
    previousUsed: 'zuletzt benutzt {{age}}',
    previousUnused: 'nicht benutzt seit {{time}}',
    previousEnds: 'wird widerrufen, frühestens {{time}}',
  },
  tier: {
    label: 'Richtlinienstufe',
    none: 'Keine',
    enforced: 'Durchgesetzt',
    unenforced: 'Nicht durchgesetzt',
    undeclared: 'Nicht genannt',
    unknown: 'Nicht bekannt',
    drift: 'Abweichend',
    enforcedInstead: 'Durchgesetzt: {{tier}}',
  },
  wallet: {
    title: 'Guthaben',
    ofTeam: 'Guthaben des Teams',
    ofOrganization: 'Guthaben der Organisation',
    ofUser: 'Guthaben der Person',
    healthy: 'Ausreichend',
    low: 'Niedrig',
    depleted: 'Aufgebraucht',
    available: 'verfügbar',
    reserved: '{{reserved}} reserviert, {{allocated}} zugeteilt',
  },
  activity: {
    title: 'Anfragen heute',
    requests: 'Anfragen',
    blocked: 'Blockiert',
    redacted: 'Geschwärzt',
    escalated: 'Eskaliert',
    lowerBound: 'Unvollständig',
    last: 'Letzte Anfrage {{age}}',
    none: 'Noch keine Anfrage',
    console: 'Konsole öffnen',
  },
  missing: {
    withheld:
      'Zurückgehalten, da der Schlüssel nicht dem Eigentümer gehört: {{parts}}.',
    forOwners: '{{whose}} Hier nicht gezeigt: {{parts}}.',
    unavailable: 'Nicht bekannt: {{parts}}.',
  },
  guide: {
    explanation:
      '{{name}} nennt keinen Keeptrusts-Gateway-Schlüssel. Wenn KI genutzt wird, fügen Sie diese Zeilen unter metadata.annotations in catalog-info.yaml ein, mit eigenen Werten:',
    code: 'Einzufügende Annotationen',
    note: 'Der Schlüssel ist der Name eines Gateway-Schlüssels des Eigentümerteams; das Budget gilt in US-Dollar am Tag.',
    docs: 'Dokumentation',
  },
  link: {
    newTab: ', öffnet einen neuen Tab',
  },
  copy: {
    do: 'Kopieren',
    done: 'Kopiert',
    failed:
      'Der Browser erlaubt das Kopieren nicht: Markieren Sie stattdessen den Text.',
  },
  platform: {
    title: 'KI-Gateway',
    ok: 'In Betrieb',
    warning: 'Beeinträchtigt',
    error: 'Gestört',
    unknown: 'Unbekannt',
    console: 'Konsole öffnen',
  },
  gateway: {
    label: 'Gateway',
    healthy: 'In Ordnung',
    degraded: 'Eingeschränkt',
    unhealthy: 'Fehlerhaft',
    unreachable: 'Nicht erreichbar',
    unconfigured: 'Nicht eingerichtet',
    unknown: 'Unbekannt',
    policies: 'Geladene Richtlinien',
    version: 'Version',
    since: 'In Betrieb seit',
    uptime: 'seit {{span}}',
    address: 'Adresse für Ihre Anfragen: {{address}}',
  },
  controlPlane: {
    label: 'Steuerungsebene',
    ready: 'Bereit',
    notReady: 'Nicht bereit',
    unreachable: 'Nicht erreichbar',
    consequence:
      'Anfragen gehen weiter durch; die Zahlen hier werden aber nicht aktualisiert.',
  },
  providers: {
    label: 'Modellanbieter',
    reachable: 'Erreichbar',
    unreachable: 'Nicht erreichbar',
  },
  content: {
    loading: 'Wird geladen',
  },
  failure: {
    signedOut: {
      title: 'Ihre Anmeldung ist abgelaufen',
      description: 'Laden Sie die Seite neu, um sich wieder anzumelden.',
    },
    notPermitted: {
      title: 'Keine Berechtigung',
      description:
        'Sie dürfen dies nicht sehen. Das Team, das Backstage betreibt, kann Ihnen Zugang geben.',
    },
    notFound: {
      title: 'Hier ist nichts für Sie',
      description:
        'Der Dienst kennt diesen Namen nicht, oder Sie dürfen ihn nicht sehen. Eine neue Entität erscheint, sobald der Katalog sie gelesen hat.',
    },
    notConfigured: {
      title: 'Backstage ist noch nicht mit Keeptrusts verbunden',
      description:
        'Sein Proxy hat keinen Endpunkt, wo dieses Plugin fragt. Fügen Sie ihn in app-config.yaml hinzu, wie die README des Plugins zeigt.',
    },
    wrongTarget: {
      title: 'Etwas anderes antwortet an der Stelle des Dienstes',
      description:
        'Der Proxy von Backstage hat einen Server erreicht, der diese Adresse nicht kennt. Prüfen Sie das Ziel des Endpunkts in app-config.yaml.',
    },
    webPage: {
      title: 'Statt einer Antwort kam eine Webseite',
      description:
        'Vielleicht ist es die Anmeldeseite Ihres Netzes: Laden Sie diese Seite neu. Hilft das nicht, prüfen Sie das Ziel des Backstage-Proxys.',
    },
    tooManyRequests: {
      title: 'Zu viele Anfragen',
      description: 'Es wurde mehr gefragt, als in dieser Zeit erlaubt ist.',
    },
    contract: {
      title: 'Die Antwort ist nicht lesbar',
      description:
        'Die Antwort hat eine Form, die dieses Plugin nicht kennt. Die Versionen von Plugin und Dienst passen vielleicht nicht zusammen.',
    },
    service: {
      title: 'Der Dienst ist gescheitert',
      description:
        'Er konnte diese Anfrage nicht beantworten. Ein neuer Versuch hilft kaum; sein Protokoll sagt mehr.',
    },
    backstageUnreachable: {
      title: 'Backstage ist nicht erreichbar',
      description:
        'Die Anfrage hat diesen Browser nicht verlassen. Prüfen Sie Ihr Netz.',
    },
    serviceUnreachable: {
      title: 'Der Governance-Dienst ist nicht erreichbar',
      description:
        'Backstage bekam von ihm keine Antwort. Ihre KI-Anfragen laufen nicht über ihn und sind nicht betroffen.',
    },
    keeptrustsUnreachable: {
      title: 'Keeptrusts ist nicht erreichbar',
      description:
        'Der Dienst konnte die Steuerungsebene nicht fragen und hat keine aktuellen Werte.',
    },
    catalogUnreachable: {
      title: 'Der Katalog ist nicht erreichbar',
      description: 'Was Sie sehen dürfen, lässt sich jetzt nicht prüfen.',
    },
    identityUnreachable: {
      title: 'Ihre Anmeldung lässt sich jetzt nicht prüfen',
      description:
        'Der Dienst kann die Signaturschlüssel von Backstage nicht lesen.',
    },
    retry: 'Erneut versuchen',
    retryAfter: 'Ein neuer Versuch lohnt sich in {{span}}.',
    requestId: 'Anfrage {{id}}',
  },
  spend: {
    title: 'KI-Ausgaben',
    period: {
      label: 'Zeitraum',
      days_one: '{{number}} Tag',
      days_other: '{{number}} Tage',
    },
    view: {
      label: 'Tage anzeigen als',
      chart: 'Diagramm',
      table: 'Tabelle',
    },
    total_one: 'Ausgegeben an {{number}} Tag',
    total_other: 'Ausgegeben an {{number}} Tagen',
    today: 'Heute bisher {{amount}}',
    budget: {
      title: 'Tagesbudget',
      none: 'Keines genannt',
      over_one: 'Überschritten an {{over}} von {{number}} Tag',
      over_other: 'Überschritten an {{over}} von {{number}} Tagen',
      never: 'An keinem Tag überschritten',
      neverKnown: 'Soweit bekannt an keinem Tag überschritten',
    },
    highest: {
      title: 'Höchster Tag',
      none: 'Keine Ausgaben in diesem Zeitraum',
    },
    chart: {
      label_one:
        'Ausgaben nach Tag über {{number}} Tag. Die Pfeiltasten gehen von Tag zu Tag; die Tabelle hat dieselben Zahlen.',
      label_other:
        'Ausgaben nach Tag über {{number}} Tage. Die Pfeiltasten gehen von Tag zu Tag; die Tabelle hat dieselben Zahlen.',
      heading: 'Nach Tag',
    },
    legend: {
      label: 'Legende',
      within: 'Ausgegeben',
      beyond: 'Über dem Budget',
      partial: 'Heute bisher',
      incomplete: 'Untergrenze',
      budget: 'Tagesbudget, {{amount}}',
    },
    day: {
      date: 'Tag',
      spent: 'Ausgegeben',
      used: 'Vom Budget',
      share: '{{share}} von {{budget}}',
      remarks: 'Bemerkungen',
      partial: 'Heute bisher',
      over: 'Über dem Budget',
      incomplete: 'Untergrenze: Nicht alle Ereignisse waren lesbar',
    },
    previous: {
      more_one: '{{share}} mehr als am Tag davor ({{amount}})',
      more_other:
        '{{share}} mehr als in den {{number}} Tagen davor ({{amount}})',
      less_one: '{{share}} weniger als am Tag davor ({{amount}})',
      less_other:
        '{{share}} weniger als in den {{number}} Tagen davor ({{amount}})',
      same_one: 'So viel wie am Tag davor ({{amount}})',
      same_other: 'So viel wie in den {{number}} Tagen davor ({{amount}})',
      sum_one: 'Am Tag davor: {{amount}}',
      sum_other: 'In den {{number}} Tagen davor: {{amount}}',
      day: 'Im Zeitraum davor: {{amount}}',
      legend: 'Zeitraum davor, {{from}} bis {{to}}',
    },
    unusual: {
      short: 'Ungewöhnlicher Tag',
      day: 'Ungewöhnlich: Üblich sind {{usual}}',
      byModel:
        'Ungewöhnlich: Üblich sind {{usual}}; das meiste darüber ist {{model}}',
      times: 'Das {{times}}-Fache der üblichen {{usual}}',
      timesByModel:
        'Das {{times}}-Fache der üblichen {{usual}}; das meiste darüber ist {{model}}',
    },
    model: {
      heading: 'Nach Modell',
      name: 'Modell',
      spent: 'Ausgegeben',
      share: 'Anteil',
      requests: 'Anfragen',
      unnamed: 'Ohne Modellnamen',
      none: 'In diesem Zeitraum wurde keine Anfrage bezahlt.',
    },
    note: {
      zone: 'Ein Tag beginnt um Mitternacht, {{zone}}.',
      budget:
        'Das Budget ist das jetzt genannte; an früheren Tagen kann es ein anderes gewesen sein.',
      team: 'Anfragen des Teams, die keinen Schlüssel nennen, zählen mit; die Zahlen können zu hoch sein.',
    },
    withheld: {
      title: 'Keine Zahlen',
      description:
        'Sie werden zurückgehalten oder waren nicht lesbar; die Befunde sagen, warum.',
    },
  },
  coverage: {
    title: 'Abdeckung',
    view: { label: 'Ansicht', entities: 'Entitäten' },
    share: 'Von Entitäten beansprucht',
    period_one: 'Heute',
    period_other: 'Letzte {{number}} Tage',
    claimed: 'Beansprucht',
    unclaimed: 'In keiner Entität',
    total: 'Summe',
    nothingSpent: 'Nichts wurde ausgegeben',
    allClaimed:
      'Jeder Schlüssel, der benutzt wurde, wird von einer Entität beansprucht.',
    withheld: {
      title: 'Die Abdeckung ist für die Plattformgruppen',
      description:
        'Sie enthält die Ausgaben der ganzen Organisation. Fragen Sie das Plattformteam, das diese Gruppen bestimmt (BFF_PLATFORM_GROUPS).',
    },
    unclaimedKeys: {
      heading: 'Schlüssel, die keine Entität beansprucht',
      description:
        'Sie wurden benutzt, und ihre Ausgaben stehen auf keiner Seite. Geben Sie die Zeile dem wahrscheinlichen Eigentümer, für metadata.annotations der Entität, die den Schlüssel benutzt.',
    },
    unknownKeys: {
      heading: 'Ansprüche auf keinen Schlüssel',
      description:
        'Diese Entitäten nennen einen Schlüssel, den es nicht gibt oder der nicht ihrem Eigentümer gehört. Berichtigen Sie die Annotation oder den Eigentümer.',
    },
    sharedKeys: {
      heading: 'Schlüssel, die mehrere Entitäten beanspruchen',
      description:
        'Was ein solcher Schlüssel ausgibt, lässt sich nicht aufteilen. Legen Sie je Entität einen Schlüssel an.',
    },
    silentConsumers: {
      heading: 'Nutzer des Gateways ohne Schlüssel',
      description:
        'Diese Entitäten benutzen die API des Gateways und nennen keinen Schlüssel. Fragen Sie die Eigentümer, welchen sie benutzen.',
    },
    idleWallets: {
      heading: 'Guthaben von Teams ohne Dienst',
      description:
        'Keine Entität beansprucht einen Schlüssel dieser Teams. Holen Sie das Geld zurück, oder finden Sie den Dienst.',
    },
    column: {
      key: 'Gateway-Schlüssel',
      team: 'Team',
      spent: 'Ausgegeben',
      requests: 'Anfragen',
      likelyOwner: 'Wahrscheinlicher Eigentümer',
      annotation: 'Einzufügende Zeile',
      entity: 'Entität',
      entities: 'Entitäten',
      owner: 'Eigentümer',
      why: 'Warum',
      available: 'Verfügbar',
    },
    annotationOf: 'Annotation, die {{key}} beansprucht',
    noAnnotation: 'Keine Entität kann ihn beanspruchen',
    withoutKey: 'Anfragen ohne Schlüssel',
    deletedKey: '{{id}}, nicht mehr aufgeführt',
    notFound: 'Es gibt keinen solchen Schlüssel',
    notOwned: 'Der Schlüssel gehört nicht dem Eigentümer',
    all_one: 'Alles zeigen',
    all_other: 'Alle {{number}} zeigen',
    fewer: 'Weniger zeigen',
    leftOut_one: 'und {{number}} weiterer',
    leftOut_other: 'und {{number}} weitere',
  },
  month: {
    heading: 'Dieser Monat',
    spent: 'Ausgegeben im {{month}}',
    more: '{{share}} mehr als im gleichen Teil vom {{month}} ({{amount}})',
    less: '{{share}} weniger als im gleichen Teil vom {{month}} ({{amount}})',
    same: 'So viel wie im gleichen Teil vom {{month}} ({{amount}})',
    before: 'Im gleichen Teil vom {{month}}: {{amount}}',
    budget: 'Monatsbudget',
    noBudget: 'Keines angegeben',
    used: '{{used}} verbraucht',
    reading: '{{spent}} von {{budget}}, {{used}}',
    forecast: 'Wahrscheinlich am Monatsende',
    range: '{{low}} bis {{high}}',
    likely: 'am wahrscheinlichsten {{likely}}',
    how_one:
      'Die Ausgaben bisher und für jeden kommenden Tag der Median der Werktage oder der Wochenendtage unter den letzten 28 abgeschlossenen ({{number}} ist bekannt); die Spanne nimmt ihr 10. und 90. Perzentil.',
    how_other:
      'Die Ausgaben bisher und für jeden kommenden Tag der Median der Werktage oder der Wochenendtage unter den letzten 28 abgeschlossenen ({{number}} sind bekannt); die Spanne nimmt ihr 10. und 90. Perzentil.',
    noForecast: 'Keine Prognose',
    tooFewDays: 'Weniger als 7 ganze Tage sind bekannt.',
    incomplete: 'Nicht alle Ausgaben sind gelesen.',
    unknown: 'Der Dienst nennt keinen Grund.',
  },
  months: {
    heading: 'Nach Monat',
    view: 'Die Monate zeigen als',
    label_one:
      'Ausgaben nach Monat über {{number}} Monat. Die Pfeiltasten gehen von Monat zu Monat; die Tabelle hat dieselben Zahlen.',
    label_other:
      'Ausgaben nach Monat über {{number}} Monate. Die Pfeiltasten gehen von Monat zu Monat; die Tabelle hat dieselben Zahlen.',
    month: 'Monat',
    spent: 'Ausgegeben',
    requests: 'Anfragen',
    remarks: 'Anmerkungen',
    partial: 'Monat bis jetzt',
    incomplete: 'Untergrenze: Nicht alle Ereignisse waren lesbar',
    forecast: 'Endet wahrscheinlich zwischen {{low}} und {{high}}',
    legend: {
      spent: 'Ausgegeben',
      partial: 'Monat bis jetzt',
      incomplete: 'Untergrenze',
      forecast: 'Wahrscheinliche Spanne am Monatsende',
    },
  },
  download: {
    label: 'Herunterladen',
    csv: 'CSV, für Tabellenkalkulationen',
    focus: 'FOCUS 1.2, für Kostenwerkzeuge',
    busy: 'Die Datei wird erstellt …',
    done: 'Die Datei {{name}} ist heruntergeladen',
    failed: 'Die Datei ließ sich nicht herunterladen: {{reason}}',
  },
  rollUp: {
    title: 'KI-Governance: Überblick',
    tab: 'KI-Ausgaben der Mitglieder',
    open: 'KI-Ausgaben nach Mitglied zeigen',
    states: {
      label: 'Mitglieder nach Zustand',
      entry: '{{state}}: {{number}}',
    },
    empty: {
      title: 'Kein Mitglied nutzt KI über das Gateway',
      description:
        'Nichts, was hierher gehört und Sie sehen dürfen, nennt einen Keeptrusts-Gateway-Schlüssel.',
      withoutKey_one:
        '{{number}} Mitglied nutzt die API des Gateways ohne eigenen Schlüssel.',
      withoutKey_other:
        '{{number}} Mitglieder nutzen die API des Gateways ohne eigene Schlüssel.',
    },
    budget: {
      title: 'Tagesbudgets zusammen',
      none: 'Keines angegeben',
      members_one: 'Von {{number}} Mitglied angegeben',
      members_other: 'Von {{number}} Mitgliedern angegeben',
    },
    unclaimed: {
      title: 'Von keinem Mitglied beansprucht',
      note: 'Mit Schlüsseln der Teams der Gruppe, die kein Mitglied nennt; nicht in der Summe',
    },
    lowerBound: 'Nicht alles ist bekannt, die Summe ist eine Untergrenze.',
    withheld_one: 'Die Beträge von {{number}} Mitglied sind nicht für Sie.',
    withheld_other:
      'Die Beträge von {{number}} Mitgliedern sind nicht für Sie.',
    noNumbers: {
      title: 'Keine Beträge',
      description: 'Die Beträge dieser Mitglieder sind nicht für Sie.',
    },
    attention: {
      title: 'Was zu prüfen ist',
      label: 'Mitglieder, bei denen etwas zu prüfen ist',
      none: 'Alle Mitglieder mit Gateway-Schlüssel sind in Ordnung.',
      more_one: 'Bei {{number}} weiteren Mitglied ist etwas zu prüfen.',
      more_other: 'Bei {{number}} weiteren Mitgliedern ist etwas zu prüfen.',
    },
    days: {
      label_one:
        'Ausgaben nach Mitglied über {{number}} Tag. Die Pfeiltasten gehen von Tag zu Tag; die Tabelle hat dieselben Zahlen.',
      label_other:
        'Ausgaben nach Mitglied über {{number}} Tage. Die Pfeiltasten gehen von Tag zu Tag; die Tabelle hat dieselben Zahlen.',
      others_one: '{{number}} weiteres',
      others_other: '{{number}} weitere',
      sum: 'Alle',
      none: 'Keine Ausgaben in diesem Zeitraum',
    },
    members: {
      heading: 'Nach Mitglied',
      entity: 'Mitglied',
      state: 'Zustand',
      spent: 'Ausgegeben',
      before: 'Zeitraum davor',
      share: 'Anteil',
      keys: 'Schlüssel',
      withheld: 'Nicht für Sie',
      elsewhere:
        'Steht bei einem anderen Mitglied, das denselben Schlüssel nennt',
      shared: 'Auch von einem anderen Mitglied genannt',
    },
    shared: {
      heading: 'Schlüssel, die mehrere Mitglieder nennen',
      note: 'Was ein solcher Schlüssel ausgibt, zählt einmal, beim ersten seiner Mitglieder.',
      key: 'Schlüssel',
      team: 'Team',
      members: 'Mitglieder',
    },
    wallets: {
      heading: 'Guthaben',
      team: 'Team',
      available: 'Verfügbar',
      state: 'Zustand',
    },
    note: {
      zone: 'Ein Tag beginnt um Mitternacht, {{zone}}.',
      once: 'Jeder Schlüssel zählt einmal, wie viele Mitglieder ihn auch nennen.',
    },
  },
  overview: {
    title: 'KI-Governance',
    table: {
      label: 'KI-Governance nach Entität',
      entity: 'Entität',
      state: 'Zustand',
      spent: 'Heute ausgegeben',
      budget: 'Tagesbudget',
      pace: 'Verlauf',
      wallet: 'Guthaben des Teams',
    },
    budget: {
      used: '{{used}} verbraucht',
      none: 'Keines genannt',
    },
    nothing: '–',
    nothingExplained: 'Nicht bekannt',
    spendOf: 'KI-Ausgaben von {{name}}',
    filter: {
      all: 'Alles zeigen, was ich sehen darf',
      search: 'Nach Name, Team oder Schlüssel suchen',
      states: 'Nach Zustand filtern',
      state: '{{state}} ({{number}})',
      clear: 'Filter löschen',
    },
    total: {
      label: 'Heute ausgegeben',
      note_one: 'von {{number}} Entität, jeder Schlüssel einmal',
      note_other: 'von {{number}} Entitäten, jeder Schlüssel einmal',
      unknown_one:
        'der Betrag von {{number}} ist nicht bekannt oder nicht für Sie',
      unknown_other:
        'die Beträge von {{number}} sind nicht bekannt oder nicht für Sie',
    },
    range: '{{from}} – {{to}} von {{total}}',
    truncated: {
      title_one: 'Nur die erste {{number}} Entität nach Name ist zu sehen',
      title_other:
        'Nur die ersten {{number}} Entitäten nach Name sind zu sehen',
      description:
        'Es gibt mehr. Sortierung, Filter und Anzahlen gelten für diese.',
    },
    empty: {
      owned: {
        title: 'Nichts, was Ihnen gehört, hat einen Gateway-Schlüssel',
        description:
          'Weder Ihnen noch Ihren Gruppen gehört eine Entität, die einen Keeptrusts-Gateway-Schlüssel nennt. Damit eine hier erscheint, fügen Sie diese Zeilen unter metadata.annotations in ihre Katalogdatei ein:',
        showAll: 'Alles zeigen, was ich sehen darf',
      },
      all: {
        title: 'Noch hat keine Entität einen Gateway-Schlüssel',
        description:
          'Keine, die Sie sehen dürfen, nennt einen Keeptrusts-Gateway-Schlüssel. Damit eine hier erscheint, fügen Sie diese Zeilen unter metadata.annotations in ihre Katalogdatei ein:',
      },
      filtered: {
        title: 'Keine Entität passt zu diesen Filtern',
      },
      snippet: 'Einzufügende Annotationen',
    },
    attention: {
      title: 'KI-Governance: was meine Aufmerksamkeit braucht',
      allInOrder_one:
        'Ihre {{number}} Entität mit Gateway-Schlüssel ist in Ordnung.',
      allInOrder_other:
        'Ihre {{number}} Entitäten mit Gateway-Schlüssel sind in Ordnung.',
      nothingOwned: 'Nichts, was Ihnen gehört, hat einen Gateway-Schlüssel.',
      list: 'Entitäten, die Aufmerksamkeit brauchen',
      truncated_one:
        'Nur die erste {{number}} Entität nach Name wurde betrachtet; es gibt mehr.',
      truncated_other:
        'Nur die ersten {{number}} Entitäten nach Name wurden betrachtet; es gibt mehr.',
      more: 'Alle {{number}} ansehen',
      open: 'KI-Governance öffnen',
    },
  },
};

export default flattened(de);
