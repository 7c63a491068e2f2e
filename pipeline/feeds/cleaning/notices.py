"""What stands around posts as whole paragraphs, by the software of blogs: paywalls, buttons, marks of
pictures, and the networks to share on. English first, then the languages of most other blogs."""

from __future__ import annotations

from pipeline.feeds.cleaning.phrases import listed

PAYWALL = listed(
    """
    already have an account? | already a subscriber? | already a paid subscriber? | already a member? |
    this post is for paid subscribers | this post is for paying subscribers |
    this post is for subscribers | this post is for members | this content is for members |
    this content is for subscribers | subscribe to continue reading | subscribe to keep reading |
    subscribe to read the rest | sign up to read this post | sign in to read the rest |
    get access to the rest of this post | to get access to this post | become a paid subscriber |
    become a paying subscriber | keep reading with a | you've reached the end of the free |
    this content is password protected | this is a protected post | log in to continue reading |
    log in to read the rest | login to continue reading | upgrade to read | upgrade to continue reading |
    become a member to read |
    bereits registriert? | bereits abonnent? | beitrag ist nur für abonnenten |
    artikel ist nur für abonnenten | beitrag ist nur für mitglieder | artikel ist nur für mitglieder |
    article est réservé aux abonnés | contenu est réservé aux abonnés | article est réservé aux membres |
    déjà abonné ? | déjà abonné? | solo para suscriptores | ¿ya eres suscriptor? |
    riservato agli abbonati | sei già abbonato? | alleen voor abonnees | al abonnee? |
    exclusivo para assinantes | já é assinante?
    """
)
"""Where a post goes on for those who pay."""

LINES = frozenset(
    listed(
        """
    share | like | like this | related | related posts | loading | advertisement | sponsored |
    sponsored content | comment | comments | leave a comment | sign up | subscribe | subscribe now |
    listen to this article | upgrade to paid | give a gift subscription | get the app |
    refer a friend | learn more | table of contents | jump to recipe | jump to section | image |
    photo | video | gallery | audio player | video player | view this post on instagram |
    view in browser | view on mastodon | like loading | leave a reply | leave a reply cancel reply |
    members only | watch this video on youtube | watch on youtube | dieses video auf youtube ansehen |
    print friendly, pdf & email | ähnliche beiträge | das könnte dich auch interessieren |
    articles similaires | entradas relacionadas | articoli correlati | gerelateerde berichten |
    posts relacionados
        """
    )
)
"""Buttons without their form, and marks of pictures: a whole paragraph each."""

BEGINNINGS = listed(
    """
    like this: | related: | related posts: | filed under: | tagged: | tagged with: | posted in: | tags: |
    share this: | image credit: | image credits: | image source: | image by: | image: | images: | photo: |
    photos: | photo credit: | photo credits: | photo source: | photo by: | video: | video credit: |
    podcast: play in new window | view in browser | view this post on instagram |
    estimated reading time | download (duration | download audio: | use up/down arrow keys |
    email this blogthis! | please enable javascript | to view this video please enable javascript |
    javascript is required | ♬ | ein beitrag geteilt von | sieh dir diesen beitrag auf instagram an |
    une publication partagée par | voir cette publication sur instagram |
    una publicación compartida | ver esta publicación en instagram | un post condiviso da |
    visualizza questo post su instagram | een bericht gedeeld door | dit bericht op instagram bekijken |
    uma publicação compartilhada por | uma publicação partilhada por | ver esta foto no instagram |
    ver essa foto no instagram
    """
)
"""How paragraphs begin that say nothing of the post."""

LABELS = listed(
    """
    categories: | category: | subscribe: | reading time: | kategorien: | kategorie: | teilen mit: |
    teile dies: | gefällt mir: | lesezeit: | schlagwörter: | partager : | j'aime ça : | catégories : |
    temps de lecture | comparte esto: | me gusta esto: | categorías: | tiempo de lectura | condividi: |
    mi piace: | categorie: | tempo di lettura: | delen: | vind-ik-leuk: | leestijd: |
    compartilhe isso: | curtir isso: | tempo de leitura:
    """
)
"""The same, where no sentence follows."""

_NETWORKS = """
    share tweet facebook twitter x linkedin pinterest pin reddit tumblr whatsapp telegram pocket bluesky
    mastodon threads email e-mail mail print more
"""
NETWORKS = frozenset(_NETWORKS.split())
_SHARE_WORDS = "it on via to this post article story with the your friends friend and like please"
SHARE_WORDS = frozenset(_SHARE_WORDS.split())
"""What stands between the names of networks in a bar of share buttons."""
