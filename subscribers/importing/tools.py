"""How other newsletter tools write their lists: a table of their columns, by name and meaning.

Where several columns of a tool say whether someone may be mailed, the strictest one counts.
"""

from __future__ import annotations

from subscribers.importing.signs import (
    ACTIVE,
    BOUNCED,
    LEFT,
    MANUAL,
    PENDING,
    STATUSES,
    Question,
    Sign,
    Tool,
    filled,
    said_no,
    said_yes,
)
from subscribers.importing.tool_words import (
    BEEHIIV_STATUSES,
    BUTTONDOWN_TYPES,
    KIT_STATES,
    OUR_STATUSES,
)
from subscribers.importing.words import NO, NOTHING, YES
from subscribers.suppression import Reason

_MAILCHIMP_MOMENTS = (("optintime", "opted in"), ("confirmtime", "confirmed"))
_MAILCHIMP_ASIDES = frozenset(
    {"optinip", "confirmip", "unsubcampaigntitle", "unsubcampaignid", "unsubreason", "unsubreasonother"}
    | {"cleancampaigntitle", "cleancampaignid"}
)

_NO_SECTION = NO | NOTHING | {"nothing", "no emails", "no sections", "0 sections"}
_SUBSTACK_DISABLED = Sign("emaildisabled", dict.fromkeys(NO, ACTIVE) | dict.fromkeys(YES, LEFT))

TOOLS = (
    # Mailchimp's export of an audience is a ZIP; only the last columns of its files differ. The columns of
    # address and name are called as the audience calls them, in its language. The file of people who never
    # agreed (nonsubscribed_…) has the columns of the subscribed, and neither of the two times.
    # TryGhost/migrate, packages/mg-mailchimp-members/src/test/fixtures/{subscribed,unsubscribed,cleaned}.csv.
    # A list that was merged or copied can have UNSUB_TIME as a field beside LAST_CHANGED.
    Tool(
        "Mailchimp",
        frozenset({"leid", "lastchanged"}),
        (filled("unsubtime", LEFT), filled("cleantime", BOUNCED)),
        _MAILCHIMP_MOMENTS,
        asides=_MAILCHIMP_ASIDES,
        agreed=True,
    ),
    Tool(
        "Mailchimp",
        frozenset({"leid", "unsubtime"}),
        (Sign("unsubtime", {}, otherwise=LEFT),),
        _MAILCHIMP_MOMENTS,
        lacks=frozenset({"lastchanged", "cleantime"}),
        asides=_MAILCHIMP_ASIDES,
    ),
    Tool(
        "Mailchimp",
        frozenset({"leid", "cleantime"}),
        (Sign("cleantime", {}, otherwise=BOUNCED), filled("unsubtime", LEFT)),
        _MAILCHIMP_MOMENTS,
        lacks=frozenset({"lastchanged"}),
        asides=_MAILCHIMP_ASIDES,
    ),
    # email_list.*.csv of Substack's export, and the older files of signups and paying subscribers:
    # TryGhost/migrate, packages/mg-substack-members-csv/test/fixtures/. `active_subscription` says who pays,
    # `email_disabled` who gets no mail.
    Tool(
        "Substack",
        frozenset({"email", "emaildisabled", "expiry"}),
        (_SUBSTACK_DISABLED,),
        (("createdat", "signed up"),),
        asides=frozenset({"activesubscription", "plan", "firstpaymentat"}),
    ),
    # The export of its subscribers' page: the column lists the sections that somebody still gets.
    Tool(
        "Substack",
        frozenset({"email", "receivingemailsfor"}),
        (Sign("receivingemailsfor", dict.fromkeys(_NO_SECTION, LEFT), ACTIVE), _SUBSTACK_DISABLED),
        (("startdate", "signed up"),),
        asides=frozenset(
            {
                "stripeplan",
                "canceldate",
                "subscriptionsourcefree",
                "subscriptionsourcepaid",
                "subscriptiontype",
            }
            | {"subscriptionexpiresat", "subscriptioninterval", "emailsreceived6mo", "emailsdropped"}
        ),
    ),
    # TryGhost's members-csv package, whose unparse() names the columns of the export.
    Tool(
        "Ghost",
        frozenset({"email", "subscribedtoemails", "complimentaryplan"}),
        (
            said_yes("subscribedtoemails"),
            filled("deletedat", LEFT),
        ),
        (("createdat", "signed up"),),
    ),
    # Kit, once ConvertKit: files with the API's names (developers.kit.com/api-reference/subscribers: `state`
    # is active, cancelled, bounced, complained or inactive, which is "not confirmed"), and those with `email`
    # and `status`. The words of its pages are those of help.convertkit.com/article/12-convertkit-subscribers.
    Tool(
        "Kit",
        frozenset({"firstname", "emailaddress", "state", "createdat"}),
        (Sign("state", KIT_STATES),),
        (("createdat", "signed up"),),
        "referrer",
        lacks=frozenset({"status"}),
    ),
    Tool(
        "Kit",
        frozenset({"firstname", "email", "status", "createdat"}),
        (Sign("status", KIT_STATES),),
        (("createdat", "signed up"),),
        "referrer",
        lacks=frozenset(
            {"tier", "subscriptiontier", "uuid", "digest", "subscribedtoemails", "emaildisabled"}
        ),
    ),
    # Buttondown writes the fields of its API: docs.buttondown.com/api-subscribers-introduction, with the
    # types of docs.buttondown.email/api-reference/subscribers (before 2024: `subscriber_type` and `email`).
    *(
        Tool(
            "Buttondown",
            frozenset({email, kind, "creationdate"}),
            (
                Sign(kind, BUTTONDOWN_TYPES),
                filled("unsubscriptiondate", LEFT),
                filled("undeliverabilitydate", BOUNCED),
            ),
            (("creationdate", "signed up"),),
            "source",
            asides=frozenset({"unsubscriptionreason", "undeliverabilityreason"}),
        )
        for email, kind in (("emailaddress", "type"), ("email", "subscribertype"))
    ),
    # TryGhost/migrate, packages/mg-beehiiv-members/src/test/fixtures/members.csv; the short form has
    # `Subscription Tier`. Someone active with a date of unsubscribing counts as gone.
    *(
        Tool(
            "beehiiv",
            frozenset({"email", "status", "createdat", tier}),
            (
                Sign("status", BEEHIIV_STATUSES),
                filled("unsubscribedat", LEFT),
            ),
            (("createdat", "signed up"),),
            "utmsource",
            lacks=frozenset({"uuid"}) | lacks,
            asides=frozenset({tier}),
        )
        for tier, lacks in (("tier", frozenset[str]()), ("subscriptiontier", frozenset({"tier"})))
    ),
    # knadh/listmonk, cmd/subscribers.go, ExportSubscribers; the words of models.SubscriberStatus… and
    # SubscriptionStatus….
    Tool(
        "listmonk",
        frozenset({"uuid", "email", "attributes", "status"}),
        (
            Sign("status", {"enabled": ACTIVE, "disabled": LEFT, "blocklisted": MANUAL}),
            Sign(
                "subscriptionstatus",
                {"": ACTIVE, "confirmed": ACTIVE, "unconfirmed": PENDING, "unsubscribed": LEFT},
            ),
        ),
        (("createdat", "signed up"),),
        question=Question(
            "status",
            "subscriptionstatus",
            "listmonk's export does not say who left the list: their status stays enabled.",
            "Export the list once more, filtered by subscription status (confirmed, or unconfirmed where the "
            "list is single opt-in), and import that with --status-column status=enabled",
        ),
    ),
    # MailPoet 3, lib/Subscribers/ImportExport/Export: a row for each of somebody's lists, with the status on
    # that list and that of the person.
    Tool(
        "MailPoet",
        frozenset({"email", "globalstatus"}),
        (Sign("globalstatus", STATUSES), Sign("liststatus", STATUSES)),
        (("createdat", "signed up"), ("confirmedat", "confirmed")),
        asides=frozenset({"subscribedip", "confirmedip"}),
    ),
    # Constant Contact. An empty status is that of people who never agreed; "implied" is no permission:
    # community.constantcontact.com, "Help understanding Email Status".
    Tool(
        "Constant Contact",
        frozenset({"emailaddress", "emailstatus"}),
        (
            Sign("emailstatus", STATUSES),
            Sign("emailpermissionstatus", {**STATUSES, "express": ACTIVE, "explicit": ACTIVE}),
            filled("confirmedoptoutdate", LEFT),
        ),
        (("createdat", "signed up"),),
        asides=frozenset(
            {"emailupdatesource", "confirmedoptoutsource", "confirmedoptoutreason", "smspermissionstatus"}
        ),
    ),
    # Constant Contact's Lead Gen & CRM: knowledgebase article 50260.
    Tool("Constant Contact", frozenset({"emailaddress", "isunsubscribed"}), (said_no("isunsubscribed"),)),
    # Wix Contacts: support.wix.com, "Changing a Contact's Subscription Status".
    Tool(
        "Wix",
        frozenset({"email1", "emailsubscriberstatus"}),
        (Sign("emailsubscriberstatus", STATUSES),),
        (("createdatutc0", "signed up"),),
        asides=frozenset({"smssubscriberstatus", "lastactivity"}),
    ),
    # What `export_csv` wrote. An address without a status agreed to nothing. No export holds `forgotten`:
    # written by hand, it is refused.
    Tool(
        "",
        frozenset({"email", "digest", "status", "suppression"}),
        (
            Sign("status", OUR_STATUSES | {"": PENDING}),
            Sign("suppression", {"": ACTIVE} | {r.value: r for r in Reason if r is not Reason.FORGOTTEN}),
        ),
        lacks=frozenset({"uuid", "tier", "subscriptiontier"}),
        asides=frozenset({"id", "since", "consent"}),
        paused="pauseduntil",
    ),
)
