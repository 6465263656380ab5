"""Every phrase of the page, Danish and English side by side, so that neither says what the other does not.

Belongs here: words. {places} are filled by `say`; counts choose their form with `plural`.
"""

from pipelines.report.numbers import NO_BREAK, number, spelled

PHRASES: dict[str, tuple[str, str]] = {
    # masthead
    "title": ("Effektmåling af erhvervsfremme", "What business promotion achieved"),
    "edition": ("Opgjort pr. {as_of}", "As of {as_of}"),
    "edition_of": ("Opgjort pr. {as_of} · udgave {release}", "As of {as_of} · release {release}"),
    "other_language": ("English", "Dansk"),
    "languages": ("Sprog", "Language"),
    "synthetic": (
        "Syntetiske data. Virksomheder, personer og tal er opdigtede og viser kun, hvordan målingen svarer.",
        "Synthetic data. Companies, persons and figures are made up and only show how the measurement answers."),
    # the answer
    "headline_up": ("{companies}: {jobs}, som ellers ikke var kommet", "{companies}: {jobs} that would not have come otherwise"),
    "headline_down": ("{companies}: {jobs} færre end uden støtten", "{companies}: {jobs} fewer than without the support"),
    "headline_open": (
        "{companies}: for usikkert til at sige, om støtten gav job",
        "{companies}: too uncertain to tell whether the support gave jobs"),
    "headline_weak": (
        "{companies}: sammenligningen er for svag til at sige, om støtten gav job",
        "{companies}: the comparison is too weak to tell whether the support gave jobs"),
    "headline_none": ("Endnu intet resultat for virksomhederne", "No result for the companies yet"),
    "none_yet": (
        "Ingen indsatstype har endnu et resultat, der kan opgøres. Tabellerne nedenfor viser, hvad der er indberettet.",
        "No type of initiative has a result that can be measured yet. The tables below show what was delivered."),
    "gross_up": (
        "{years} efter start havde {companies} tilsammen {gross} flere end i året før start.",
        "{years} after the start, {companies} had {gross} more between them than in the year before it."),
    "gross_down": (
        "{years} efter start havde {companies} tilsammen {gross} færre end i året før start.",
        "{years} after the start, {companies} had {gross} fewer between them than in the year before it."),
    "deadweight_up": (
        " Heraf ville {deadweight} være kommet alligevel: så meget voksede virksomheder, der lignede dem før start og ikke deltog.",
        " Of these, {deadweight} would have come anyway: companies that looked alike before the start and did not take part"
        " grew by as much."),
    "deadweight_beside": (
        " Virksomheder, der lignede dem før start og ikke deltog, voksede i samme tid svarende til {deadweight}.",
        " Over the same time, companies that looked alike before the start and did not take part grew by the equivalent of"
        " {deadweight}."),
    "deadweight_down": (
        " Virksomheder, der lignede dem før start og ikke deltog, gik i samme tid tilbage svarende til {deadweight}.",
        " Over the same time, companies that looked alike before the start and did not take part shrank by the equivalent of"
        " {deadweight}."),
    "net_sure": (
        " Tilbage er en nettoeffekt på {net} med et 95 %-interval fra {low} til {high}.",
        " What remains is a net effect of {net}, with a 95% interval from {low} to {high}."),
    "net_open": (
        " Forskellen er {net}, men 95 %-intervallet fra {low} til {high} rummer nul.",
        " The difference is {net}, but the 95% interval from {low} to {high} holds zero."),
    "net_missing": (" Hvad der ville være sket alligevel, kan ikke opgøres endnu.", " What would have happened anyway cannot be told yet."),
    "why_compare": (
        "Bruttotallet alene siger ikke, hvad der var sket uden støtten, og kan ikke efterprøves.",
        "The gross figure alone does not say what would have happened without the support, and nobody can check it."),
    "not_covered": (
        " Yderligere {companies} deltog, men kunne ikke følges eller sammenlignes og indgår ikke i tallene.",
        " Another {companies} took part but could not be followed or compared, and are not in the figures."),
    "weak_part": (
        " Tallene omfatter {companies} i indsatstyper, hvis egen sammenligning ikke holder.",
        " The figures include {companies} in types of initiative whose own comparison does not hold."),
    "gross": ("Bruttoændring", "Gross change"),
    "gross_note": ("Deltagernes egen ændring, årsværk", "The participants' own change, FTE"),
    "deadweight": ("Ville være kommet alligevel", "Would have come anyway"),
    "deadweight_note": ("Sammenlignelige virksomheders ændring", "The change in comparable companies"),
    "net": ("Nettoeffekt", "Net effect"),
    "net_note": ("95 %-interval {interval}", "95% interval {interval}"),
    "sum": ("Regnestykket", "The sum"),
    "minus": ("minus", "minus"),
    "equals": ("lig med", "equals"),
    # the result table
    "results": ("Resultatet efter indsatstype", "The result by type of initiative"),
    "results_caption": ("Job (årsværk) {years} efter start", "Jobs (full-time equivalents, FTE) {years} after the start"),
    "type": ("Indsatstype", "Type of initiative"),
    "companies": ("Virksomheder", "Companies"),
    "interval": ("95 %-interval", "95% interval"),
    "cost": ("Kr. pr. nettojob", "DKK per net job"),
    "verdict": ("Konklusion", "Verdict"),
    "all_types": ("Alle typer, hver virksomhed én gang", "All types, each company once"),
    "overlap": (
        "Typernes egne nettotal giver tilsammen {sum}; forskellen på {overlap} er overlap.",
        "The types' own net figures add up to {sum}; the difference of {overlap} is overlap."),
    "cost_bounded": ("mellem {low} og\N{NO-BREAK SPACE}{high}", "between {low} and\N{NO-BREAK SPACE}{high}"),
    "cost_unbounded": ("mindst {low}; ingen øvre grænse", "at least {low}; no upper bound"),
    "cost_none": ("intet beløb: intervallet rummer ikke ét nettojob", "no amount: the interval holds no net job"),
    "effect_up": ("{percent} flere årsværk end uden støtten ({interval})", "{percent} more FTE than without the support ({interval})"),
    "effect_down": ("{percent} færre årsværk end uden støtten ({interval})", "{percent} fewer FTE than without the support ({interval})"),
    "effect_level": ("{att} årsværk pr. virksomhed ({interval})", "{att} FTE a company ({interval})"),
    "within_bound": (
        "Hele intervallet ligger inden for ±{bound} årsværk pr. virksomhed",
        "The whole interval lies within ±{bound} FTE a company"),
    "would_show": (
        "Først en effekt på {minimum} årsværk pr. virksomhed ville være set",
        "Only an effect of {minimum} FTE a company would have shown"),
    "do_not_quote": ("Tal i parentes bør ikke citeres", "Figures in brackets should not be quoted"),
    "no_cohort": ("Ingen årgang er fulgt så længe", "No cohort has been followed for so long"),
    "what_verdicts_mean": ("Sådan skal konklusionerne læses", "How to read the verdicts"),
    "results_note": (
        "Et job er et årsværk, der findes {years} efter start. Beløb er registreret tilskud i 2015-priser og står som det spænd, som"
        " intervallet for nettoeffekten tillader. Afrunding kan give små afvigelser.",
        "A job is one full-time equivalent that exists {years} after the start. Amounts are registered support at 2015 prices and"
        " are given as the range that the interval of the net effect allows. Figures may not add up because of rounding."),
    "total_holds": (
        "Totalen omfatter også {types}, hvis egen sammenligning ikke holder.",
        "The total includes {types}, whose own comparison does not hold."),
    "per_type": ("opgøres pr. type", "told by type"),
    "missing": ("kan ikke opgøres: {why}", "cannot be told: {why}"),
    "not_measured": ("ikke målt", "not measured"),
    "is_missing": ("kan ikke opgøres", "cannot be told"),
    # the picture
    "picture": ("Effekten år for år", "The effect year by year"),
    "picture_caption": (
        "Nettoeffekt i årsværk pr. virksomhed efter år siden start, samme skala i alle felter",
        "Net effect in FTE a company by years since the start, the same scale in every panel"),
    "key_point": ("skøn; stort ved {years} efter start", "estimate; large at {years} after the start"),
    "key_interval": ("95 %-interval for det enkelte år", "95% interval of the single year"),
    "key_band": ("95 %-bånd for alle år på én gang", "95% band for all years at once"),
    "key_reference": ("år −1, sidste år før start, er reference", "year −1, the last before the start, is the reference"),
    "picture_note": (
        "Før start skal punkterne ligge omkring nul: Det viser, at deltagere og kontroller fulgtes ad. De seneste år hviler på færre"
        " årgange.",
        "Before the start the points should lie around zero: participants and controls then moved alike. The last years rest on"
        " fewer cohorts."),
    "panel_text": (
        "{type}: {att} årsværk pr. virksomhed {years} efter start, 95 %-interval {interval}. Konklusion: {verdict}.",
        "{type}: {att} FTE a company {years} after the start, 95% interval {interval}. Verdict: {verdict}."),
    "panel_text_none": ("{type}: intet skøn {years} efter start. Konklusion: {verdict}.", "{type}: no estimate {years} after the start. Verdict: {verdict}."),
    "picture_data": ("Tallene bag figuren", "The figures behind the picture"),
    "picture_data_caption": ("Skøn i årsværk pr. virksomhed efter år siden start", "Estimates in FTE a company by years since the start"),
    "no_picture": ("Der er endnu ingen effekt at tegne.", "There is no effect to draw yet."),
    # persons
    "persons": ("Personer i beskæftigelse", "Persons in employment"),
    "persons_caption": ("Andel i beskæftigelse {months} måneder efter start", "Share in employment {months} months after the start"),
    "n_persons": ("Personer", "Persons"),
    "with_course": ("Med forløbet", "With the course"),
    "without_course": ("Uden forløbet", "Without it"),
    "points_after": ("Nettoeffekt efter {months} mdr.", "Net effect after {months} months"),
    "persons_note": (
        "Nettoeffekter er i procentpoint med 95 %-interval. I de første måneder kan effekten være negativ, mens forløbet varer. »Uden forløbet« er skønnet"
        " ud fra personer af samme alder, køn, uddannelse og stilling på arbejdsmarkedet, som ikke deltog.",
        "Net effects are in percentage points with 95% interval. In the first months the effect can be negative while the course lasts. “Without it” is"
        " estimated from persons of the same age, sex, education and position in the labour market who did not take part."),
    "no_persons": ("Der er endnu ingen personer med et resultat.", "No persons have a result yet."),
    # chains
    "chains": ("Effektkæder", "Effect chains"),
    "chains_intro": (
        "Hvert led holdt op mod det, projekterne lovede. »Opnået« er brutto: det, der skete. »Netto« er den del, der ikke var kommet"
        " alligevel, og kun den kan indfri et mål for effekt.",
        "Each link held against what the projects promised. “Achieved” is gross: what happened. “Net” is the part that would not have"
        " come anyway, and only that can meet a target for effect."),
    "link": ("Led", "Link"),
    "target": ("Mål", "Target"),
    "achieved": ("Opnået, brutto", "Achieved, gross"),
    "chain_net": ("Netto", "Net"),
    "status": ("Status", "Status"),
    "millions": ("mio. kr.", "DKK million"),
    "no_target": ("intet mål sat", "no target set"),
    "a_count": ("optælling, ingen effekt", "a count, not an effect"),
    "what_statuses_mean": ("Sådan skal status læses", "How to read the status"),
    "no_chains": ("Der er endnu ingen effektkæder.", "There are no effect chains yet."),
    # planning a project
    "planning": ("Planlæg et projekt", "Plan a project"),
    "planning_intro": (
        "Hvad kan et nyt projekt ventes at give, og er det stort nok til at blive målt? Vælg indsatstype og antal deltagere.",
        "What can a new project be expected to give, and is it large enough to be measured? Choose a type and a number of participants."),
    "plan_caption": ("Forventede nettojob (årsværk) {years} efter start", "Net jobs (FTE) to expect {years} after the start"),
    "participants": ("Deltagere", "Participants"),
    "expected_net": ("Ventede nettojob", "Net jobs expected"),
    "detectable": ("Mindste effekt, der ville ses, pr. deltager", "Smallest effect that would show, a participant"),
    "power": ("Chance for at se den ventede effekt", "Chance to see the expected effect"),
    "needed": ("Deltagere, der skal til", "Participants needed"),
    "can_be_measured": ("Kan det måles?", "Can it be measured?"),
    "every_type": ("Alle typer", "All types"),
    "every_size": ("Alle antal", "All numbers"),
    "alone": ("Ja, alene", "Yes, alone"),
    "together": ("Kun sammen: {projects} projekter som dette", "Only together: {projects} projects like this"),
    "never_enough": ("Nej, intet antal er nok", "No, no number is enough"),
    "nearly": ("over {share}", "over {share}"),
    "hardly": ("under {share}", "under {share}"),
    "needless": ("Målet kræver ingen effekt", "The target needs no effect"),
    "plan_note": (
        "Skønnet er typens egen effekt trukket mod de øvrige typers. Intervallet er et 95 %-prognoseinterval: Det rummer usikkerheden om typen,"
        " forskelle mellem projekter og tilfældigheden i, hvem der deltager. »Kan måles« kræver 80 % chance for at se den ventede effekt.",
        "The estimate is the type's own effect drawn towards that of the other types. The interval is a 95% prediction interval: it holds what"
        " is not known of the type, differences between projects, and who happens to take part. “Can be measured” asks for an 80% chance"
        " to see the expected effect."),
    "plan_other_types": (
        "Hvor typens egen effekt ikke kan bruges, er skønnet de øvrige typers gennemsnit.",
        "Where the type's own effect cannot be used, the estimate is the mean of the other types."),
    "no_plan": ("Der er endnu ingen effekt at planlægge ud fra.", "There is no effect to plan from yet."),
    "told_title": ("{type}: {participants}, {years} efter start", "{type}: {participants}, {years} after the start"),
    "told_net": (
        "Ventet: {expected_net} nettojob (årsværk), 95 %-prognoseinterval {interval}. Brutto, altså med det, der kommer alligevel: {expected_gross}.",
        "Expected: {expected_net} net jobs (FTE), 95% prediction interval {interval}. Gross, with what comes anyway: {expected_gross}."),
    "net_target": ("netto", "net"),
    "gross_target": ("brutto", "gross"),
    "told_target": (
        "Målet på {target} job {kind} nås med en sandsynlighed på {share}.", "The target of {target} jobs {kind} is reached with a probability of {share}."),
    "told_detectable": (
        "Først en effekt på {minimum} årsværk pr. deltager ville med 80 % sikkerhed vise sig i projektet alene.",
        "Only an effect of {minimum} FTE a participant would show with 80% certainty in the project alone."),
    "told_measurable": (
        "Projektet kan måles: chancen for at se en effekt på {effect} årsværk pr. deltager er {power}; {needed} er nok.",
        "The project can be measured: the chance to see an effect of {effect} FTE a participant is {power}; {needed} are enough."),
    "told_pool": (
        "Projektet er for lille til at blive målt alene: chancen for at se en effekt på {effect} årsværk pr. deltager er {power}. Det kræver {needed}:"
        " aftal fra starten, at det måles sammen med andre, i alt {projects} projekter som dette.",
        "The project is too small to be measured alone: the chance to see an effect of {effect} FTE a participant is {power}. That takes {needed}:"
        " agree from the start to measure it together with others, {projects} projects like this in all."),
    "told_unmeasurable": (
        "En effekt på {effect} årsværk pr. deltager kan ikke måles, uanset hvor mange der deltager: vælg et andet mål eller en anden indsats.",
        "An effect of {effect} FTE a participant cannot be measured, however many take part: choose another target or another initiative."),
    "told_needless": (
        "Bruttomålet nås uden nogen effekt, blot deltagerne vokser som deltagere plejer at gøre alligevel: sæt et højere mål eller et nettomål.",
        "The gross target is met without any effect, if participants only grow as they would anyway: set a higher target or a net one."),
    "told_budget": ("Budget {budget} kr.; pr. nettojob: {cost}.", "Budget DKK {budget}; a net job: {cost}."),
    "told_past_support": (
        "Med typens hidtidige tilskud pr. deltager: {budget} kr.; pr. nettojob: {cost}.",
        "With the type's past support a participant: DKK {budget}; a net job: {cost}."),
    "told_collect": (
        "Indsaml fra første dag (* skal udfyldes): {columns}.", "Collect from the first day (* must be filled in): {columns}."),
    "told_draft": (
        "Udkast til effektkæde skrevet til {file}: ret projektets navn og målene, og aflever den som targets.",
        "Draft of the effect chain written to {file}: correct the project's name and the targets, and hand it in as targets."),
    "told_left_out": ("Uden mål i udkastet: {indicators}.", "Without a target in the draft: {indicators}."),
    # what the numbers do not say
    "limits": ("Hvad tallene ikke siger", "What the numbers do not say"),
    "limit_support": (
        "Effekten er målt i forhold til den støtte, der ellers fandtes. »Uden støtten« betyder uden indsatserne i denne database;"
        " virksomhederne i sammenligningen kan have fået anden hjælp.",
        "Effects are relative to the support otherwise available. “Without the support” means without the initiatives in this"
        " database; the companies compared with may have had other help."),
    "limit_direct": (
        "Tallene er direkte nettojob hos deltagerne. De er ikke korrigeret for job, der er fortrængt hos konkurrenter, og indeholder"
        " ingen afledte job.",
        "The figures are net direct jobs at the participants. They are not corrected for jobs displaced at competitors, and hold no"
        " multiplier."),
    "limit_few": (
        "»For få til at afgøre« betyder ikke, at der ingen effekt er. Det betyder, at et ja og et nej passer lige godt til tallene.",
        "“Too few to tell” does not mean that there is no effect. It means that the figures fit a yes and a no alike."),
    "limit_year": (
        "Et årsværk på et tidspunkt er ikke et årsværk i hvert af de følgende år. Tal for forskellige år må ikke lægges sammen.",
        "A job at one point in time is not a job in each following year. Figures for different years must not be added."),
    "limit_cost": (
        "Prisen pr. nettojob omfatter kun det tilskud, som projekterne har registreret hos deltagerne, ikke administration.",
        "The cost of a net job holds only the support that projects registered for their participants, not administration."),
    "limit_targets": (
        "Optalte led i effektkæderne (deltagere, tilskud, forløb) viser aktivitet. De er ikke effekter.",
        "Counted links of the effect chains (participants, support, courses) show activity. They are not effects."),
    "limit_synthetic": (
        "Data er syntetiske. Intet tal handler om en virkelig indsats, virksomhed eller person.",
        "The data are synthetic. No figure is about a real initiative, company or person."),
    # what lies behind
    "behind": ("Hvad der ligger bag", "What lies behind"),
    "as_of": ("Opgørelsesdato", "As-of date"),
    "release": ("Udgave", "Release"),
    "version": ("Programversion", "Program version"),
    "deliveries": ("Leveringer", "Deliveries"),
    "rows": ("Rækker", "Rows"),
    "rows_told": (
        "{read} læst = {accepted} godkendt + {quarantined} i karantæne", "{read} read = {accepted} accepted + {quarantined} quarantined"),
    "matched_companies": ("Virksomheder sammenlignet", "Companies compared"),
    "matched_persons": ("Personer sammenlignet", "Persons compared"),
    "matched_told": ("{matched} af {all} ({share})", "{matched} of {all} ({share})"),
    "method": ("Metode", "Method"),
    "method_told": (
        "Hver virksomhed er sammenlignet med ikke-deltagere fra samme branche, størrelse og alder, der lignede den før start. Effekten er"
        " forskellen i udvikling, år for år og årgang for årgang.",
        "Each company is compared with non-participants of the same industry, size and age that looked like it before the start."
        " The effect is the difference in development, year by year and cohort by cohort."),
    "quarantine": ("Rækker i karantæne", "Rows in quarantine"),
    "rule": ("Årsag", "Reason"),
    "quarantine_none": ("Ingen rækker er i karantæne.", "No rows are in quarantine."),
    "quarantine_note": ("En række kan bryde flere regler.", "A row may break several rules."),
    "lost": ("Deltagere uden sammenligning", "Participants without a comparison"),
    "lost_none": ("Alle deltagere er sammenlignet.", "Every participant was compared."),
    "count": ("Antal", "Number"),
    # the validation page
    "validation": ("Validering", "Validation"),
    "validation_link": ("Alle regler og optællinger", "Every rule, counted"),
    "validation_sound": (
        "{rules} regler for {tables} tabeller: alle holder", "{rules} rules on {tables} tables: all of them hold"),
    "validation_broken": (
        "{broken} af {rules} regler for {tables} tabeller er brudt", "{broken} of {rules} rules on {tables} tables are broken"),
    "validation_lead": (
        "Hver tabel har en kontrakt, og hver regel i den er talt efter i netop denne udgave. Kørslen standser ved den første regel, der"
        " brydes, så en brudt regel her betyder, at udgaven er ændret siden. Siden viser antal og intet andet.",
        "Every table has a contract, and every rule of it was counted in this very release. A run stops at the first rule that is"
        " broken, so a broken rule here means that the release was changed since. The page shows counts and nothing else."),
    "to_report": ("Til resultaterne", "To the results"),
    "delivered": ("Hvad der blev indsendt", "What was delivered"),
    "delivered_caption": ("Rækker efter levering", "Rows by kind of delivery"),
    "kind": ("Levering", "Kind of delivery"),
    "read": ("Læst", "Read"),
    "accepted": ("Godkendt", "Accepted"),
    "quarantined": ("I karantæne", "Quarantined"),
    "current": ("Gældende", "Current"),
    "superseded": ("Erstattet", "Superseded"),
    "withdrawn": ("Trukket tilbage", "Withdrawn"),
    "adds_up": ("Stemmer", "Adds up"),
    "delivered_note": (
        "Læst = godkendt + karantæne; godkendt = gældende + erstattet + trukket tilbage, for hver eneste levering.",
        "Read = accepted + quarantined; accepted = current + superseded + withdrawn, for every single delivery."),
    "delivered_none": ("Der er ingen leveringer.", "There are no deliveries."),
    "why_quarantined": ("Hvorfor rækker er i karantæne", "Why rows are in quarantine"),
    "rules_by_table": ("Reglerne, tabel for tabel", "The rules, table by table"),
    "table_told": ("{rows}, {rules}: {outcome}", "{rows}, {rules}: {outcome}"),
    "all_hold": ("alle holder", "all hold"),
    "some_broken": ("{broken} brudt", "{broken} broken"),
    "column": ("Kolonne", "Column"),
    "rule_told": ("Regel", "Rule"),
    "violations": ("Rækker, der bryder den", "Rows that break it"),
    "passed": ("Holder", "Holds"),
    "yes": ("ja", "yes"),
    "no": ("nej", "no"),
    "rule_not_null": ("er aldrig tom", "is never empty"),
    "rule_in_codes": ("står på kodelisten {listed}", "is on the code list {listed}"),
    "rule_allowed": ("er et af ordene {listed}", "is one of the words {listed}"),
    "rule_between": ("ligger fra {low} til {high}", "lies from {low} to {high}"),
    "rule_least": ("er mindst {low}", "is at least {low}"),
    "rule_most": ("er højst {high}", "is at most {high}"),
    "rule_unique": ("findes kun én gang i tabellen", "comes only once in the table"),
    "unit_company": ("virksomheder", "companies"),
    "unit_person": ("personer", "persons"),
}

LINKS = {
    "activity": ("Aktivitet", "Activity"),
    "output": ("Output", "Output"),
    "short_term": ("Kort sigt", "Short term"),
    "long_term": ("Langt sigt", "Long term"),
    "impact": ("Regional virkning", "Regional impact"),
}
UNITS = {
    "FTE": ("årsværk", "FTE"),
    "DKK": ("kr.", "DKK"),
}  # an indicator that counts companies, persons or courses says so in its name
REASONS = {
    "not in the register": ("findes ikke i registret", "not in the register"),
    "fewer than two years before": ("mindre end to år gammel ved start", "fewer than two years before the start"),
    "not active in the start year": ("uden ansatte i startåret", "without staff in the year of the start"),
    "not resident in the year before": ("boede ikke i landet året før", "not resident in the year before"),
    "no control in its cell": ("ingen at sammenligne med", "nobody to compare with"),
    "no control left in its cell": ("ingen tilbage at sammenligne med", "nobody left to compare with"),
    "beyond the caliper": ("ingen, der ligner nok", "nobody alike enough"),
    "missing covariate": ("oplysninger mangler", "information is missing"),
}
NOUNS = {
    "company": (("virksomhed", "virksomheder"), ("company", "companies")),
    "person": (("person", "personer"), ("person", "persons")),
    "year": (("år", "år"), ("year", "years")),
    "job": (("job", "job"), ("job", "jobs")),
    "fte": (("årsværk", "årsværk"), ("full-time equivalent", "full-time equivalents")),
    "participant": (("deltager", "deltagere"), ("participant", "participants")),
    "delivery": (("levering", "leveringer"), ("delivery", "deliveries")),
    "row": (("række", "rækker"), ("row", "rows")),
    "rule": (("regel", "regler"), ("rule", "rules")),
}


def say(phrase: str, language: str, **values: object) -> str:
    """A phrase with its {places} filled. KeyError for a phrase or a place that nobody gave."""
    return text(PHRASES[phrase], language).replace(" %", f"{NO_BREAK}%").format_map(values)


def plural(noun: str, count: float, language: str) -> str:
    """The form of a noun that goes with a count as it is shown: 1 virksomhed, 2 virksomheder."""
    one, many = text(NOUNS[noun], language)
    return one if abs(round(count)) == 1 else many


def name(table: dict[str, tuple[str, str]], code: str, language: str) -> str:
    """The word for a code of one of the small lists above; the code itself, spaced, where the list lacks it."""
    return text(table[code], language) if code in table else code.replace("_", " ")


def text(pair: tuple, language: str):
    """The Danish or the English half of a pair."""
    return pair[("da", "en").index(language)]


def counted(noun: str, count: float, language: str) -> str:
    """A figure with its noun in the right form: 1 virksomhed, 2.391 virksomheder."""
    return f"{number(count, language)}\N{NO-BREAK SPACE}{plural(noun, count, language)}"


def years(count: int, language: str) -> str:
    """A horizon in words: to år, two years, one year."""
    return f"{spelled(count, language)} {plural('year', count, language)}"
