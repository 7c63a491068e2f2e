"""What blogs' software says around posts, by language. A language is added with a line in each table.

Small letters, straight apostrophes, a bar between phrases. The names of the languages are for the reader of
this file alone: a post is looked through for the phrases of all.
"""

from __future__ import annotations


def listed(phrases: str) -> tuple[str, ...]:
    """Phrases that a bar parts."""
    return tuple(" ".join(phrase.split()) for phrase in phrases.split("|"))


_READ_MORE = {
    "en": """
        continue reading | keep reading | read more | read the full article | read the full story |
        read the full post | read full post | read full article | read the rest | read the whole post |
        read the article | read on | view full post | view original | click here to read more |
        click to read more | click here to continue reading | to read more | read the full blog |
        read full story | read the story | see the full post
    """,
    "de": """
        weiterlesen | weiter lesen | mehr lesen | mehr erfahren | hier weiterlesen |
        den ganzen beitrag lesen | den ganzen artikel lesen | ganzen beitrag lesen |
        ganzen artikel lesen | zum ganzen beitrag | zum beitrag | zum artikel | lesen sie mehr |
        lesen sie weiter | weiter zum artikel | weiter zum beitrag | artikel lesen | beitrag lesen
    """,
    "fr": """
        lire la suite | en savoir plus | lire plus | lire l'article | lire l'article complet |
        continuer la lecture | continuer à lire | poursuivre la lecture | lire la suite de l'article
    """,
    "es": """
        leer más | leer mas | seguir leyendo | sigue leyendo | continuar leyendo | continúa leyendo |
        continuar la lectura | leer el artículo completo | leer artículo completo |
        leer la entrada completa | saber más
    """,
    "it": """
        leggi tutto | leggi di più | leggi di piu | leggi l'articolo | leggi l'articolo completo |
        leggi ancora | leggi il resto | continua a leggere | continua la lettura | continua con la lettura |
        per saperne di più | scopri di più
    """,
    "nl": """
        lees meer | lees verder | meer lezen | verder lezen | lees het hele artikel |
        lees het volledige artikel | lees het volledige bericht | lees het hele bericht | lees de rest
    """,
    "pt": """
        leia mais | ler mais | continue lendo | continue a ler | continuar lendo | continuar a ler |
        continuar a leitura | leia o artigo completo | saiba mais
    """,
    "sv": "läs mer | läs vidare | fortsätt läsa | läs hela inlägget | läs hela artikeln",
    "da": "læs mere | læs videre | fortsæt læsning | læs hele artiklen | læs hele indlægget",
    "no": "les mer | les videre | fortsett å lese | les hele saken | les hele innlegget",
    "fi": "lue lisää | jatka lukemista | lue koko artikkeli",
    "pl": "czytaj więcej | czytaj dalej | czytaj całość",
    "cs": "číst více | číst dále | číst dál | pokračovat ve čtení | celý článek",
    "sk": "čítať viac | čítať ďalej | pokračovať v čítaní",
    "sl": "preberi več | beri dalje",
    "hr": "pročitaj više | čitaj dalje | nastavi čitati",
    "hu": "tovább olvasom | olvass tovább | bővebben | tovább a cikkhez",
    "ro": "citește mai mult | citeste mai mult | citește mai departe | continuă lectura",
    "ca": "llegir més | llegeix més | continua llegint",
    "el": "διαβάστε περισσότερα | συνέχεια ανάγνωσης | διαβάστε τη συνέχεια",
    "he": "קרא עוד | קראו עוד | המשך קריאה | להמשך קריאה",
    "ar": "اقرأ المزيد | متابعة القراءة | أكمل القراءة",
    "uk": "читати далі | читати більше | продовжити читання",
    "et": "loe edasi | loe lähemalt",
    "lv": "lasīt vairāk | lasīt tālāk",
    "lt": "skaityti daugiau | skaityti toliau",
    "vi": "đọc thêm | xem thêm | đọc tiếp",
    "id": "baca selengkapnya | baca lebih lanjut | selengkapnya",
    "ko": "더 보기 | 더 읽기 | 계속 읽기",
    "ru": "читать далее | читать дальше | читать полностью | продолжить чтение",
    "tr": "devamını oku | devamını okuyun",
    "ja": "続きを読む | もっと読む",
    "zh": "阅读更多 | 閱讀更多 | 继续阅读 | 繼續閱讀 | 阅读全文 | 閱讀全文",
}
READ_MORE = tuple(phrase for phrases in _READ_MORE.values() for phrase in listed(phrases))
"""A link to the rest of a post, at the end of its summary."""

_FIRST_APPEARED = {
    "en": (
        "the post | the article | the entry | this post | this article | this entry | the page",
        """
            first appeared on | appeared first on | first appeared in | was first published on |
            was first published at | was first posted on | was originally published on |
            originally appeared on
        """,
    ),
    "de": (
        "der beitrag | der artikel | der post | die seite | dieser beitrag | dieser artikel",
        """
            erschien zuerst auf | erschien zuerst bei | erschien als erstes auf | erschien zuerst in |
            ist zuerst erschienen auf | wurde zuerst veröffentlicht auf | erschien erstmals auf
        """,
    ),
    "fr": (
        "l'article | cet article | le post | la publication | le billet | ce billet",
        """
            est apparu en premier sur | est apparue en premier sur | apparaît en premier sur |
            a été publié en premier sur | a d'abord été publié sur | est apparu d'abord sur
        """,
    ),
    "es": (
        """
            la entrada | el artículo | el post | la publicación | el cargo | esta entrada | el puesto
        """,
        """
            apareció primero en | aparece primero en | se publicó primero en | se publicó antes en |
            fue publicado primero en | fue publicada primero en | apareció por primera vez en
        """,
    ),
    "it": (
        "l'articolo | il post | questo articolo | il messaggio",
        """
            proviene da | sembra essere il primo su | è apparso per primo su | è apparso prima su |
            è apparso per la prima volta su | è stato pubblicato per la prima volta su |
            appare per primo su
        """,
    ),
    "nl": (
        "het bericht | het artikel | de post | dit bericht | deze post",
        """
            verscheen eerst op | verscheen als eerste op | verscheen het eerst op |
            is als eerste verschenen op
        """,
    ),
    "pt": (
        "o post | o artigo | a postagem | o conteúdo | a publicação | esse post | este artigo",
        """
            apareceu primeiro em | aparece primeiro em | apareceu primeiro no | aparece primeiro no |
            apareceu primeiro na | aparece primeiro na | foi publicado primeiro em |
            apareceu pela primeira vez em
        """,
    ),
    "sv": ("inlägget | artikeln", "dök först upp på | publicerades först på | visades först på"),
    "da": ("indlægget | artiklen", "blev først udgivet på | blev vist først på | dukkede først op på"),
    "no": ("innlegget | artikkelen", "dukket først opp på | ble først publisert på"),
    "pl": ("artykuł | wpis", "pochodzi z serwisu | pojawił się najpierw w"),
    "cs": ("příspěvek", "pochází z | se nejdříve objevil na"),
    "ru": ("сообщение | запись", "появились сначала на | впервые появилась"),
    "uk": ("допис | запис", "з'явився спочатку на | вперше з'явився на"),
    "fi": ("artikkeli | julkaisu", "julkaistiin ensimmäisen kerran | ilmestyi ensin | ilmestyi ensimmäisenä"),
    "hu": ("a | az", "bejegyzés először"),
    "ro": ("articolul | postarea", "apare prima dată în | apare prima dată pe | a apărut prima dată"),
    "el": ("η δημοσίευση | το άρθρο | το", "εμφανίστηκε πρώτα στο"),
    "ca": ("l'entrada | l'article", "ha aparegut primer a | apareix primer a"),
    "sk": ("príspevok | článok", "zobrazený najskôr | sa zobrazil najskôr | pochádza z"),
    "sl": ("prispevek", "se je pojavil prvi na | prvič objavljeno na"),
    "hr": ("objava", "se prvo pojavila na | pojavila se prvi puta na"),
    "et": ("postitus", "ilmus esmalt"),
    "lt": ("įrašas", "pirmiausia pasirodė"),
    "vi": ("bài viết", "đã xuất hiện đầu tiên"),
    "id": ("tulisan | artikel", "pertama kali tampil pada"),
    "tr": ("", "yazısı ilk önce"),
    "ko": ("", "게시물이"),
    "he": ("הפוסט | הרשומה", "הופיע לראשונה | הופיעה לראשונה"),
    "ar": ("ظهرت المقالة | المقالة", "أولاً على"),
    "fa": ("نوشته", "اولین بار در"),
    "ja": ("投稿", "に最初に表示されました"),
    "zh": ("文章 |", "最先出现在 | 最早出現於 | 最先出現在"),
}
FIRST_APPEARED = tuple((listed(begins), listed(says)) for begins, says in _FIRST_APPEARED.values())
"""How a footer begins that plug-ins (Yoast, All in One SEO) put under each post, and what it goes on to say
behind the post's title."""

_NO_PLAYER = {
    "en": """
        your browser does not support | your browser doesn't support | your browser cannot play |
        sorry, your browser does not support | sorry, your browser doesn't support |
        this browser does not support | this browser doesn't support
    """,
    "de": """
        ihr browser unterstützt | dein browser unterstützt | ihr browser kann dieses |
        dein browser kann dieses
    """,
    "fr": """
        votre navigateur ne supporte pas | votre navigateur ne prend pas en charge |
        votre navigateur n'est pas compatible
    """,
    "es": """
        tu navegador no soporta | tu navegador no admite | su navegador no soporta |
        su navegador no admite
    """,
    "it": "il tuo browser non supporta | il vostro browser non supporta",
    "nl": "je browser ondersteunt | uw browser ondersteunt",
    "pt": "seu navegador não suporta | o seu navegador não suporta | o teu navegador não suporta",
    "sv": "din webbläsare stöder inte | din webbläsare stödjer inte",
    "da": "din browser understøtter ikke",
    "no": "nettleseren din støtter ikke | din nettleser støtter ikke",
    "fi": "selaimesi ei tue",
    "pl": "twoja przeglądarka nie obsługuje",
    "cs": "váš prohlížeč nepodporuje",
    "ja": "お使いのブラウザは | ご利用のブラウザは",
}
NO_PLAYER = tuple(phrase for phrases in _NO_PLAYER.values() for phrase in listed(phrases))
"""What stands inside <audio> and <video> for browsers of 2009."""
