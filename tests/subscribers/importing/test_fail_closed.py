"""No list makes somebody mailable who said no, whatever tool wrote it (promise 13).

In every list here ann@example.org may be mailed, or nobody; everyone else left, bounced, complained or never
agreed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select

from subscribers.errors import SubscriberError
from subscribers.importing.answers import read_answers
from subscribers.importing.run import ImportResult, import_csv
from subscribers.tables import consents, subscribers, subscriptions, suppressions

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.database import Database

ANN = ["ann@example.org"]


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return tmp_path / "list.csv"


def bring_in(
    database: Database,
    path: Path,
    ignored: tuple[str, ...] = (),
    mailable: tuple[str, ...] = (),
    **options: Any,
) -> ImportResult:
    answers = read_answers(ignored, mailable)
    return import_csv(
        database.write, path, digests=["weekly"], wording="Asked", source="import", answers=answers, **options
    )


def mailed(database: Database) -> list[str]:
    """Everyone who would get the next letter."""
    active = (
        select(subscribers.c.email)
        .join_from(subscribers, subscriptions)
        .where(subscriptions.c.status == "active", subscribers.c.email.not_in(select(suppressions.c.email)))
        .order_by(subscribers.c.email)
    )
    with database.read() as connection:
        return list(connection.scalars(active))


def addressed(text: str) -> str:
    """Short addresses written out: `ann@` is ann@example.org."""
    return text.replace("@,", "@example.org,").replace("@\n", "@example.org\n").replace("@;", "@example.org;")


KNOWN = {
    "MailPoet": "Email,First name,List status,Global status,Subscribed IP,List\n"
    "ann@,Ann,Subscribed,Subscribed,203.0.113.7,News\nben@,Ben,Subscribed,Unsubscribed,,News\n"
    "cleo@,Cleo,Unsubscribed,Subscribed,,News\ndan@,Dan,Subscribed,Bounced,,News\n"
    "eve@,Eve,Subscribed,Inactive,,News\nfay@,Fay,Subscribed,Unconfirmed,,News\n",
    "Constant Contact": "Email address,First name,Email status,Email permission status,Email update source\n"
    "ann@,Ann,Active,Express,Form\nben@,Ben,Unsubscribed,Express,Form\ncleo@,Cleo,Active,Unsubscribed,Form\n"
    "dan@,Dan,No Permissions Set,,Form\neve@,Eve,,,Form\nfay@,Fay,Awaiting Confirmation,Pending,Form\n"
    "gus@,Gus,Active,Implied,Form\n",
    "Constant Contact, cut": "Email address,Email status\nann@,Active\nben@,Unsubscribed\ncleo@,Bounced\n",
    "Constant Contact's CRM": "Name,Email Address,Is Unsubscribed\nAnn,ann@,0\nBen,ben@,1\nCleo,cleo@,yes\n",
    "Wix": "First Name,Email 1,Labels,Created At (UTC+0),Email subscriber status,SMS subscriber status\n"
    "Ann,ann@,,2021-03-04 10:11,Subscribed,Never subscribed\nBen,ben@,,,Unsubscribed,Subscribed\n"
    "Cleo,cleo@,,,Never subscribed,\nDan,dan@,,,,\n",
    "Substack": "Email,Name,Plan,Cancel date,Start date,Receiving emails for,Subscription source (free)\n"
    "ann@,Ann,,,2021-03-04,The Letter,web\nben@,Ben,,,2021-03-04,,web\ncleo@,Cleo,,,,None,web\n"
    "dan@,Dan,,,,unsubscribed,web\n",
    "subscribed": "email,subscribed\nann@,TRUE\nben@,no\ncleo@,0\ndan@,FALSE\neve@,\nfay@,maybe\ngus@,nein\n",
    "unsubscribed": "email,unsubscribed\nann@,false\nben@,TRUE\ncleo@,1\ndan@,x\neve@,✓\nfay@,2021-11-12\n",
    "status": "email,status\nann@,Active\nben@,Unsubscribed\ncleo@,cleaned\ndan@,opted-out\neve@,OPTED_OUT\n"
    "fay@,abgemeldet\ngus@,Désabonné\nhal@,do not contact\nivy@,paused\njo@,\nkim@,non-subscribed\n",
    "status, twice": "email,status,status\nann@,active,active\nben@,active,unsubscribed\n",
    "EmailOctopus": "Email address,Status\nann@,SUBSCRIBED\nben@,UNSUBSCRIBED\ncleo@,PENDING\n",
    "Sendy": "Name,Email,Status\nAnn,ann@,Subscribed\nBen,ben@,Unsubscribed\nCleo,cleo@,Marked as spam\n",
    "a row cut short": "email,name,unsubscribed\nann@,Ann,no\nben@,Ben\nSmith,yes\n",
    "a cell too many": "email,name\nann@,Ann\nben@,Ben,unsubscribed\n",
    "in the name": "email,name\nann@,Ann\nben@,Ben (unsubscribed)\ncleo@,DO NOT MAIL Cleo\n",
    "beside the address": "email\nann@\nben@example.org (unsubscribed)\nDo not mail <cleo@example.org>\n",
    "refused elsewhere": "line,reason,email\n2,The address is missing.,ann@\n3,unsubscribed,ben@\n"
    "4,suppressed: complained,cleo@\n5,suppressed: forgotten,dan@\n",
}  # fmt: skip


@pytest.mark.parametrize("content", [addressed(content) for content in KNOWN.values()], ids=KNOWN)
def test_a_status_that_rapport_knows_keeps_everyone_out_but_who_may_be_mailed(
    sqlite_database: Database, listed: Path, content: str
) -> None:
    listed.write_text(content)
    tried = bring_in(sqlite_database, listed, dry_run=True)
    assert mailed(sqlite_database) == []
    assert bring_in(sqlite_database, listed) == tried
    assert mailed(sqlite_database) == ANN


UNKNOWN = {
    "Brevo": ("EMAIL,FIRSTNAME,EMAIL_BLACKLIST\nann@,Ann,0\nben@,Ben,1\n", "EMAIL_BLACKLIST=0"),
    "HubSpot": ("Email,First Name,Unsubscribed from all email\nann@,Ann,false\nben@,Ben,true\n",
                "Unsubscribed from all email=false"),
    "Klaviyo": ("Email,Email Marketing Consent\nann@,SUBSCRIBED\nben@,UNSUBSCRIBED\ncleo@,NEVER_SUBSCRIBED\n",
                "Email Marketing Consent=subscribed"),
    "Shopify": ("First Name,Email,Accepts Email Marketing\nAnn,ann@,yes\nBen,ben@,no\n",
                "accepts_email_marketing=yes"),
    "Mailjet": ("Email,excluded\nann@,false\nben@,true\n", "excluded=false"),
    "Squarespace": ("Email Address,Unsubscribed On\nann@,\nben@,2021-11-12\n", "Unsubscribed On="),
    "Salesforce": ("Email,HasOptedOutOfEmail\nann@,0\nben@,1\n", "HasOptedOutOfEmail=0"),
    "Zoho": ("Email,Email Opt Out\nann@,false\nben@,true\n", "Email Opt Out=false"),
    "MailerLite": ("Email,Opt-in date\nann@,2021-03-04\nben@,\n", "Opt-in date=2021-03-04"),
    "ActiveCampaign": ("Email,Subscription\nann@,1\nben@,2\ncleo@,3\n", "Subscription=1"),
    "Drip": ("email,lifetime_value,do_not_email\nann@,0,no\nben@,0,yes\n", "do_not_email=no"),
    "AWeber": ("Email,Stop Time\nann@,\nben@,2021-11-12\n", "Stop Time="),
    "GetResponse": ("email,hard_bounces\nann@,0\nben@,1\n", "hard_bounces=0"),
    "Google Forms": ("Timestamp,Email address,Would you like our weekly letter?\n1,ann@,Yes\n2,ben@,No\n",
                     "Would you like our weekly letter?=Yes"),
    "GetResponse, removed": ("email,Removal date\nann@,\nben@,2022-01-01\n", "Removal date="),
    "HubSpot, quarantined": ("Email,Email address quarantine reason\nann@,\nben@,Suspended by user\n",
                             "Email address quarantine reason="),
    "a date of leaving": ("email,Date of leaving\nann@,\nben@,2022-01-01\n", "Date of leaving="),
    "a date of deletion": ("email,deletion date\nann@,\nben@,2022-01-01\n", "deletion date="),
    "an end": ("email,End date\nann@,\nben@,2022-01-01\n", "End date="),
    "churned": ("email,Churned on\nann@,\nben@,2022-01-01\n", "Churned on="),
    "German leaving": ("E-Mail;Austrittsdatum\nann@;\nben@;1.2.2022\n", "Austrittsdatum="),
    "German notice": ("E-Mail;Kündigungsdatum\nann@;\nben@;1.2.2022\n", "Kündigungsdatum="),
    "French leaving": ("Adresse e-mail;Date de sortie\nann@;\nben@;01/02/2022\n", "Date de sortie="),
    "French deleting": ("Adresse e-mail;Supprimé le\nann@;\nben@;01/02/2022\n", "Supprimé le="),
    "Italian leaving": ("Indirizzo email;Data uscita\nann@;\nben@;01/02/2022\n", "Data uscita="),
    "Polish leaving": ("email;Data rezygnacji\nann@;\nben@;01-02-2022\n", "Data rezygnacji="),
    "a polite answer": ("Email Address,May we write to you?\nann@,Yes please\nben@,No thanks\n",
                        "May we write to you?=Yes please"),
    "any question": ("Name,Email,OK?\nAnn,ann@,Yes\nBen,ben@,No\n", "OK?=Yes"),
    "ticks": ("Email,Letter\nann@,✓\nben@,✗\n", "Letter=✓"),
    "one of several tags": ('email,tags\nann@,blog\nben@,"blog, inactive"\n', "tags=blog"),
    "a CRM": ("email,isActive\nann@,Y\nben@,N\n", "isActive=Y"),
    "a permission": ("email,Permission given\nann@,yes\nben@,no\n", "Permission given=yes"),
    "complaints": ("email,Complaints\nann@,0\nben@,1\n", "Complaints=0"),
    "German": ("E-Mail;Abgemeldet am\nann@;\nben@;12.11.2021\n", "Abgemeldet am="),
    "German consent": ("E-Mail;Einwilligung\nann@;ja\nben@;nein\n", "Einwilligung=ja"),
    "French": ("Adresse e-mail;Désabonné\nann@;non\nben@;oui\n", "Désabonné=non"),
    "Spanish": ("Correo electrónico,Fecha de baja\nann@,\nben@,12/11/2021\n", "Fecha de baja="),
    "Dutch": ("E-mailadres,Uitgeschreven\nann@,nee\nben@,ja\n", "Uitgeschreven=nee"),
    "Russian": ("Email,Отписан\nann@,нет\nben@,да\n", "Отписан=нет"),
    "Japanese": ("Email,配信\nann@,可\nben@,停止\n", "配信=可"),
    "Italian": ("Indirizzo email,Iscritto\nann@,sì\nben@,no\n", "Iscritto=sì"),
    "a neutral name": ("email,Group\nann@,member\nben@,Unsubscribed\n", "Group=member"),
    "a trimmed list": ("email,state\nann@,active\nben@,cancelled\n", "state=active"),
    "a type": ("email,type\nann@,regular\nben@,undeliverable\n", "type=regular"),
    "a column without a name": ("email,name,\nann@,Ann,\nben@,Ben,x\n", "column 3="),
    "a document": ('email,data\nann@,{}\nben@,"{""subscribed"": false}"\n', "data={}"),
    **{f"a cell: {word}": (f"email,Remark\nann@,fine\nben@,{word}\n", "Remark=fine")
       for word in ("unsubscribed", "bounced", "complained", "cleaned", "opted out", "blocked",
                    "asked to be removed", "left the list 2021", "please delete",
                    "do not contact", "Please don't mail her", "Opt-Out 2021", "DNC", "abgemeldet",
                    "désinscrite", "uitgeschreven", "se ha dado de baja", "disiscritto")},
}  # fmt: skip


@pytest.mark.parametrize(("content", "answer"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_column_that_may_say_who_left_ends_the_import_until_the_operator_says_what_it_is(
    sqlite_database: Database, listed: Path, content: str, answer: str
) -> None:
    listed.write_text(addressed(content))
    name = answer.partition("=")[0]
    for dry_run in (True, False):
        with pytest.raises(SubscriberError) as stopped:
            bring_in(sqlite_database, listed, dry_run=dry_run)
        assert stopped.value.code == "unknown_status_column"
        assert name.casefold().replace("_", " ") in stopped.value.message.casefold().replace("_", " ")
        assert "--ignore-column" in stopped.value.remedy
    assert mailed(sqlite_database) == []
    bring_in(sqlite_database, listed, mailable=(answer,))
    assert mailed(sqlite_database) == ANN
    # Whoever is active here, and has left there, has left.
    with sqlite_database.write() as connection:
        for table in (consents, subscriptions, suppressions, subscribers):
            connection.execute(delete(table))
    assert bring_in(sqlite_database, listed, ignored=(name,)).unused_columns.count(name) <= 1
    assert bring_in(sqlite_database, listed, mailable=(answer,)).read >= 2
    assert mailed(sqlite_database) == ANN


@pytest.mark.parametrize(
    ("content", "unused"),
    [
        ("email,name,phone,City\nann@,Ann,030 1234,Berlin\n", ("phone", "City")),
        ("email,state,type\nann@,NY,teacher\n", ("state", "type")),
        ('email,note\nann@,"Met her, in May; she left early"\n', ("note",)),
        ("email,vip\nann@,yes\nben@,no\n", ("vip",)),
        ("Email,Created On,Last open,Tags\nann@,2021,2022,workshop\n", ("Created On", "Last open", "Tags")),
        ("ann@,Ann,Berlin\n", ("column 2", "column 3")),
    ],
)
def test_every_other_column_that_is_not_used_is_named(
    sqlite_database: Database, listed: Path, content: str, unused: tuple[str, ...]
) -> None:
    listed.write_text(addressed(content))
    assert bring_in(sqlite_database, listed).unused_columns == unused
    assert ANN[0] in mailed(sqlite_database)


def test_the_last_row_of_a_long_list_is_looked_at_before_the_first_is_added(
    sqlite_database: Database, listed: Path
) -> None:
    rows = "".join(f"{n}@example.org,member\n" for n in range(3000))
    listed.write_text(f"email,Group\n{rows}left@example.org,opted out\n")
    with pytest.raises(SubscriberError, match='"Group"'):
        bring_in(sqlite_database, listed)
    assert mailed(sqlite_database) == []


@pytest.mark.parametrize(
    "content",
    [
        "email\nann@\n\nUnsubscribed:\nben@\n",
        "name,email\nAnn,ann@\n\nUnsubscribed,\nBen,ben@\n",
        "email,name\nann@,Ann\n\n,Unsubscribed\nben@,Ben\n",
    ],
)
def test_a_heading_among_the_rows_may_say_that_those_below_it_left(
    sqlite_database: Database, listed: Path, content: str
) -> None:
    listed.write_text(addressed(content))
    with pytest.raises(SubscriberError, match="line 4") as told:
        bring_in(sqlite_database, listed)
    assert told.value.code == "unknown_status_column"
    assert mailed(sqlite_database) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("suppression_unsubscribes.csv", "email,created\nben@,1443651141\n"),
        ("suppression_spam_reports.csv", "email,ip,created\nben@,192.0.2.1,1443651141\n"),
        ("Unsubscribed.csv", "Email Address,Name,Date\nben@,Ben,2021\n"),
        ("bounces.csv", "email\nben@\n"),
        ("Deleted.csv", "email\nben@\n"),
        ("Abgemeldete.csv", "E-Mail;Name\nben@;Ben\n"),
        ("list.csv", "Unsubscribed contacts\nemail,name\nben@,Ben\n"),
        ("list.csv", "Inaktive;\nE-Mail;Name\nben@;Ben\n"),
    ],
)
def test_a_list_that_by_its_name_or_title_holds_those_who_left_is_refused_until_a_column_says_so(
    sqlite_database: Database, listed: Path, name: str, content: str
) -> None:
    path = listed.with_name(name)
    path.write_text(addressed(content))
    for dry_run in (True, False):
        with pytest.raises(SubscriberError, match="its name or title") as told:
            bring_in(sqlite_database, path, dry_run=dry_run)
        assert told.value.code == "unknown_status_column"
    path.write_text("email,status\nben@example.org,unsubscribed\n")
    assert bring_in(sqlite_database, path).added == 1
    assert mailed(sqlite_database) == []


@pytest.mark.parametrize("name", ["subscribers.csv", "readers (cleaned, invalid removed).csv", "active.csv"])
def test_a_list_with_another_name_is_imported(sqlite_database: Database, listed: Path, name: str) -> None:
    path = listed.with_name(name)
    path.write_text("Readers of the letter\nemail\nann@example.org\n")
    bring_in(sqlite_database, path)
    assert mailed(sqlite_database) == ANN


MAILCHIMP = (
    "{email},First Name,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LAST_CHANGED,LEID,EUID,NOTES,TAGS\n"
    "ann@,Ann,{ann},,{ann},,2022-01-01 00:00:00,1,a,,\nben@,Ben,,,,,2022-01-01 00:00:00,2,b,,\n"
)


@pytest.mark.parametrize("email", ["Email Address", "E-Mail-Adresse"])
def test_of_mailchimps_people_who_never_agreed_nobody_is_mailed(
    sqlite_database: Database, listed: Path, email: str
) -> None:
    fourth = listed.with_name("nonsubscribed_email_audience_export_1a2b3c.csv")
    fourth.write_text(addressed(MAILCHIMP.format(email=email, ann="2021-03-04 10:11:12")))
    listed.write_text(addressed(MAILCHIMP.format(email=email, ann="")))
    for path in (fourth, listed):
        for dry_run in (True, False):
            with pytest.raises(SubscriberError, match="never agreed") as told:
                bring_in(sqlite_database, path, dry_run=dry_run)
            assert told.value.code == "never_agreed"
    listed.write_text(addressed(MAILCHIMP.format(email=email, ann="2021-03-04 10:11:12")))
    assert bring_in(sqlite_database, listed).refused == 1
    assert mailed(sqlite_database) == ANN
    trimmed = "Email Address,LEID,LAST_CHANGED\nann@,1,2022-01-01\n"
    listed.write_text(addressed(trimmed))
    with pytest.raises(SubscriberError, match="never agreed"):
        bring_in(sqlite_database, listed)


def test_listmonk_does_not_say_who_left_a_list_and_the_operator_is_asked(
    sqlite_database: Database, listed: Path
) -> None:
    listed.write_text(
        addressed("uuid,email,name,attributes,status\n1,ann@,Ann,{},enabled\n2,ben@,Ben,{},blocklisted\n")
    )
    for ignored in ((), ("status",)):
        with pytest.raises(SubscriberError, match="listmonk") as asked:
            bring_in(sqlite_database, listed, ignored)
        assert asked.value.code == "unknown_status_column"
        assert "subscription status" in asked.value.remedy
        assert "--status-column status=enabled" in asked.value.remedy
    bring_in(sqlite_database, listed, mailable=("status=enabled",))
    assert mailed(sqlite_database) == ANN


@pytest.mark.parametrize(
    ("ignored", "mailable", "code"),
    [
        (("Sattus",), (), "file"),
        ((), ("Sattus=ok",), "file"),
        ((), ("Status",), "usage"),
        (("Status",), ("status=ok",), "usage"),
    ],
)
def test_an_answer_that_fits_no_column_is_an_error(
    sqlite_database: Database, listed: Path, ignored: tuple[str, ...], mailable: tuple[str, ...], code: str
) -> None:
    listed.write_text(addressed("email,Status\nann@,ok\n"))
    with pytest.raises(SubscriberError) as told:
        bring_in(sqlite_database, listed, ignored, mailable)
    assert (told.value.code, bool(told.value.remedy)) == (code, True)


def test_what_a_known_tool_says_of_who_left_cannot_be_left_aside(
    sqlite_database: Database, listed: Path
) -> None:
    listed.write_text(addressed("First name,Email,Status,Created at\nAnn,ann@,cancelled,2021-03-04\n"))
    with pytest.raises(SubscriberError, match="Kit"):
        bring_in(sqlite_database, listed, ignored=("Status",))


def test_a_value_with_a_comma_and_an_empty_one_can_be_named(sqlite_database: Database, listed: Path) -> None:
    listed.write_text('email,OK?\nann@example.org,"Yes, please"\nben@example.org,\ncleo@example.org,no\n')
    bring_in(sqlite_database, listed, mailable=('OK?="Yes, please",',))
    assert mailed(sqlite_database) == ["ann@example.org", "ben@example.org"]
