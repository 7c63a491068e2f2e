"""What people write of who may be mailed: each word that is known, as one meets it in a list.

Every example speaks by one word alone: without that word of the table it says nothing.
"""

from __future__ import annotations

import re

import pytest

from subscribers.importing.words import (
    fold,
    may_speak,
    name_speaks,
    name_speaks_of_mail,
    refuses_mail,
    speaks,
    tells_of_leaving,
    yes_or_no,
)

NO_DIGEST: frozenset[str] = frozenset()


def each(written: str) -> list[str]:
    return [one for one in re.split(r",\s+", written.strip()) if one]


COLUMNS = """
Status, Statut, Subscribed, Unsub date, Optin_Date, optout, Opted, Permission, Permesso, Consent, Bounces,
Blocks, Blacklist, Complaint, Abuse report, Spam, Suppressed, Excluded, Marketing, Newsletter, Receives,
GDPR, DSGVO, RGPD, Do not call, No mail, No e-mail, Disabled, Enabled, Deactivated, Deleted, Removed,
Archived, Cancelled on, Banned, Invalid, Undeliverable, Confirmed, Verified, Accepted, Agreed, Allowed,
Inactive, Inaktiv, Inactif, Inattivo, Leaves, Churned, Lapsed, Resigned, Quarantine, Terminated,
Einwilligung, Zustimmung, zugestimmt am, erlaubt, abgemeldet, Abmeldung, angemeldet, Anmeldung, abbestellt,
Austragung, ausgetragen, gesperrt, Abonnent, Widerruf, widersprochen, Werbung, Empfang, Beschwerde,
bestätigt, Austritt, Ausstieg, Kündigung, gelöscht, Löschung, entfernt, Désabo, Inscription, Rebond,
Plainte, bloqué, autorisé, autorizado, à recevoir, Suscripción, aceptado, rebotado, queja, recibir,
iscritto, rimbalzo, blocco, reclamo, annullato, cancellato, ricevere, accettato, descadastrado, supprimé,
sortie, résilié, eliminado, borrado, rimosso, uscita, uitgeschreven, uitschrijving, afgemeld, afmelding,
aangemeld, aanmelding, toestemming, geblokkeerd, klacht, ingeschreven, inschrijving, ontvangt, verwijderd,
opgezegd, opzegging, zgoda, wypisany, rezygnacja, usunięty, samtycke, prenumerant, avregistrerad, avanmäld,
avmeldt, Active, Opt, DNC, Stop, Stopped, Left, Gone, Quit, Ended, Expired, baja, stato, estado, stav,
aktiv, actif, activo, actief, attivo, mailable, emailable, contactable, reachable, dont, never, end, exit,
departure, depart, reason, Grund, motif, motivo, frameldt, tilmeldt, reservert, peruutettu, suostumus,
tilaaja, Markkinointilupa, kielto, odhlášen, odhlásený, souhlas, súhlas, soglasje, odběr, odjavljen,
pretplata, privola, leiratkozott, feliratkozott, hozzájárulás, dezabonat, loobunud, nõusolek, atsisakė,
sutikimas, atteikums, piekrišana, abonelik, izin, iptal, berhenti, berlangganan, hủy đăng ký, rejected,
refusé, opposition, LOPD, LGPD, marketable, deliverable, frequency, Häufigkeit, preferences, valid, void,
lists, Verteiler, baixa, stan, closed, hidden, trash, trashed, on hold, skip, skipped, silent, mute, muted,
Robinson, dead, junk, returned, reported, failed, failure, error, errors, NDR, FBL, HB, leaver, until,
kein Brief, keine Post, geen post, deceased, verstorben, overleden, purge, snoozed, paused, ignore,
objection, unjoined, engaged, ruhend, no molestar
"""


def test_a_columns_name_speaks() -> None:
    assert [name for name in each(COLUMNS) if not name_speaks(name)] == []
    assert name_speaks("Статус"), "in a script of which no word is known it may speak"


@pytest.mark.parametrize(
    "name", ["First name", "Street", "Phone", "Favourite colour", "Größe", "Prénom", "Notes", "Magazine"]
)
def test_another_columns_name_does_not(name: str) -> None:
    assert not name_speaks(name)


OF_MAIL = """
by mail, a letter, the digest, contact, Kontakt, updates, news, Infobrief, la lettre, correo, send it,
wants it, wishes, on the list, bulletin, courriel, writes, hears, interested, anschreiben, écrire, flag
"""


def test_a_columns_name_speaks_of_mail() -> None:
    assert [name for name in each(OF_MAIL) if not name_speaks_of_mail(name, NO_DIGEST)] == []
    for name in ("", "May we?", "Is it OK", "Weekly"):
        assert name_speaks_of_mail(name, frozenset({"weekly"})), name
    for name in ("Vegetarian", "Has a dog", "Token"):
        assert not name_speaks_of_mail(name, frozenset({"weekly"})), name


SAID = """
unsub 3/21, was subscribed, opted away, optout, opt out, optin, bounced, undelivered, complained once,
on blacklist, on blocklist, is blocked, suppressed by us, gave consent, take me off, take off list,
remove me, remove from it, to be removed, please remove, please delete, left the list, wants out, spammed,
do not contact, do not mail, do not email, do not e-mail, do not send, do not write, do not call,
don't contact, don't mail, don't email, don't e-mail, don't send, don't write, don't call, dont contact,
dont mail, dont email, dont e-mail, dont send, dont write, dont call, never contact, never mail,
never email, never e-mail, never send, never write, never call, no contact, no mail, no email, no e-mail,
no send, no write, no call, no more contact, no more mail, no more email, no more e-mail, no more send,
no more write, no more call, stop contact, stop mail, stop email, stop e-mail, stop send, stop write,
stop call, no newsletter, no letter, does not wish, no longer wants, ist abgemeldet, Abmeldung kam,
hat abbestellt, bitte austragen, ausgetragen am, Widerruf, widersprach, ist gesperrt, keine Mail,
keine E-Mail, kein Newsletter, keine Newsletter, keine Werbung, nicht anschreiben, nicht kontaktieren,
nicht mailen, nicht mehr, désabonné, désinscrit, ne pas contacter, ne plus contacter, ne pas envoyer,
ne veut plus, desuscrito, de baja, no contactar, no enviar, rebotado, bloqué, uitgeschreven, is afgemeld,
niet mailen, geen mail, geen nieuwsbrief, geblokkeerd, disiscritto, non contattare, non inviare, bloccato,
descadastrado, take us off, take her off, take him off, take them off, did not want, don't want,
doesn't want, didn't want, not interested, no interest, no thanks, no thank you, opting out, removal asked,
anymore, any more, wrong address, wrong email, wrong e-mail, not valid, not allowed, deceased, passed away,
nichts mehr, nicht erwünscht, unerwünscht, kein Interesse, verstorben, ne souhaite rien, ne désire rien,
plus recevoir, être retirée, à retirer, pas intéressé, décédé, no quiere, no desea, no le interesa,
darse de baja, fallecida, non vuole, non desidera, non interessa, rimuovere, deceduto, wil geen,
geen mails, niet meer, geen interesse, overleden, não quer, não deseja, não enviar, falecido, nie chce,
wypisany, rezygnuje, nechce, odhlášen, vil ikke, ønsker ikke, vill inte, frameldt, avmeldt, avregistrerad,
ei halua, peruutettu, leiratkozott, nu dorește, dezabonat, odjavljen, отписан, відписаний,
will not receive, please stop, asked to stop, off the list, is bouncing, address dead, stop all of it,
leave alone, erasure asked, abgem., gekündigt am, möchte nicht, will nicht, n'en veut plus,
no longer a client
"""

WHOLE = """
active, inactive, pending, unconfirmed, confirmed, enabled, disabled, cleaned, removed, deleted, cancelled,
canceled, left, gone, stopped, stop, withdrawn, revoked, objected, declined, rejected, refused, invalid,
DNC, subscriber, transactional, banned, archived, excluded, abuse, never, aktiv, inaktiv, abonniert,
angemeldet, actif, inactif, abonné, inscrit, activo, inactivo, suscrito, baja, cancelado, actief, inactief,
geabonneerd, ingeschreven, attivo, inattivo, iscritto, cancellato, annullato, storniert, gekündigt,
gelöscht, löschen, not confirmed, opt-in, no permission, remove, delete, valid, deliverable, risky,
catchall, catch-all, accept all, lapsed, expired, never engaged
"""


def test_a_cell_speaks_by_what_is_somewhere_in_it() -> None:
    cells = [f"{said} anyhow" for said in each(SAID)]
    assert [cell for cell in cells if not (speaks(cell) and may_speak(f"Ann\n{cell}\nBen"))] == []


def test_a_cell_speaks_by_what_it_is_as_a_whole_or_lists() -> None:
    assert [cell for cell in each(WHOLE) if not (speaks(cell) and may_speak(cell))] == []
    assert [cell for cell in each(WHOLE) if speaks(f"{cell} colours")] == []
    for cell in ("vip,inactive", "vip; inactive", "vip|inactive", "vip\ninactive"):
        assert speaks(cell), cell


@pytest.mark.parametrize("cell", ["", "Ann", "Berlin", "likes long walks", "2021-03-04", "therapy, sleep"])
def test_another_cell_does_not(cell: str) -> None:
    assert not speaks(cell)
    assert not may_speak(cell)


TITLES = """
unsubs, nonsubscribers, optout, opt-out, opted out, bounces, complainers, spam, suppression, blacklist,
blocklist, blocked, blocks, inactive, invalid email, unconfirmed, do not mail, abgemeldete, Abmeldungen,
abbestellt, ausgetragen, gesperrt, gelöscht, inaktiv, désabonnés, désinscrits, inactifs, bajas 2024,
de baja, desuscritos, uitgeschreven, afgemeld, disiscritti, descadastrados, cleaned, removed, deleted,
invalid, gone, left, wypisani, odhlášení, frameldte, avmeldte, avregistrerade, leiratkozottak, dezabonați,
odjavljeni, отписанные, відписані
"""


def test_a_file_or_title_tells_of_leaving() -> None:
    assert [title for title in each(TITLES) if not tells_of_leaving(title)] == []
    for title in ("readers 2024", "cleaned readers", "removed duplicates", "left bank readers"):
        assert not tells_of_leaving(title), title


NAMES = """
Ann (unsubscribed), Ann opted out, Ann opt-out, Ann bounced, Ann (abgemeldet), Ann désabonnée,
Ann uitgeschreven, Ann do not contact, Ann do not mail, Ann do not email, Ann do not e-mail,
Ann do not send, Ann do not write, Ann do not call, Ann don't contact, Ann don't mail, Ann don't email,
Ann don't e-mail, Ann don't send, Ann don't write, Ann don't call, Ann dont contact, Ann dont mail,
Ann dont email, Ann dont e-mail, Ann dont send, Ann dont write, Ann dont call
"""


def test_a_name_was_made_to_refuse_mail() -> None:
    assert [name for name in each(NAMES) if not refuses_mail(name)] == []
    for name in ("Ann Smith", "Nomail Records Ltd"):
        assert not refuses_mail(name), name


YES_OR_NO = """
true, yes, y, 1, t, on, ja, j, oui, si, sim, x, wahr, vrai, false, no, n, 0, f, off, nein, non, nee, nao,
falsch, faux, -, –, —, null, none, NaN, n/a, 0000-00-00, 0000-00-00 00:00:00, ✓, Yes please, No thanks,
Ja gerne, Nein danke, Nee dank, Oui merci, Non merci, Si gracias, Sim obrigado, Não obrigado, tak, nie,
ano, ne, da, nu, nej, nei, kyllä, ei, jah, igen, nem, evet, hayır, ya, tidak, allow, deny
"""


def test_a_cell_says_no_more_than_yes_or_no() -> None:
    assert [cell for cell in ["", *each(YES_OR_NO)] if not yes_or_no(cell)] == []
    for cell in ("maybe", "2", "Notes", "Simon", "Jan"):
        assert not yes_or_no(cell), cell


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("  E-Mail_Address ", "e mail address"), ("Désabonné", "desabonne"), ("STRASSE", "strasse"),
        ("Straße", "strasse"), ("✓", "✓"), (" - ", "-"), ("\ufeff–\u200b", "–"), ("n/a", "n a"), ("", ""),
        ("soft\u00adhyphen", "softhyphen"), ("été: oui", "ete oui"), ("A.B", "a b"),
    ],
)  # fmt: skip
def test_spellings_are_folded(written: str, folded: str) -> None:
    assert fold(written) == folded
