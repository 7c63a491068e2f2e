"""What a letter says of a post is what the post says: raised and struck words, summaries, codes, formulas."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import pytest

from pipeline.feeds.cleaning import clean, shortcodes
from pipeline.feeds.parsing.parse import parse
from tests.feeds.quirk import FEED_URL

if TYPE_CHECKING:
    from pipeline.feeds import Entry


def item(inside: str) -> Entry:
    body = f'<rss version="2.0"><channel><title>x</title><item>{inside}</item></channel></rss>'
    (entry,) = parse(body.encode(), url=FEED_URL).entries
    return entry


def summed_up(summary: str) -> Entry:
    """A post of which the feed gives a summary and no more."""
    return item(f"<title>A walk</title><description>{escape(summary)}</description>")


# Raised and lowered


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("in 1998<sup>3</sup> and", "in 1998 and"),
        ("40 of 50<sup>2</sup> people", "40 of 50 people"),
        ("It helps.<sup>12</sup> Often.", "It helps. Often."),
        ("therapy<sup>1,2</sup> and sleep<sup>3–5</sup>", "therapy and sleep"),
        ("people<sup>a</sup> said", "people said"),
        ("calm<sup>*</sup>, rest<sup>†</sup>", "calm, rest"),
        ("as told<sup>[4]</sup> there", "as told there"),
        ('as told<sup><a href="#fn1">1</a></sup> there', "as told there"),
        ('as told<sup class="footnote">1</sup> there', "as told there"),
        ("press P.<sup><a href='#fn1'>1</a></sup>. I did", "press P. I did"),
        ("press P.<sup>1</sup>. I did", "press P. I did"),
        ("and so on...<sup>1</sup>. I did", "and so on.... I did"),
        ('as told<a href="#_ftn1">[1]</a> there', "as told there"),
        ('as told<a role="doc-noteref" href="#n">1</a> there', "as told there"),
        ("10<sup>6</sup> cells", "10⁶ cells"),
        ("3 × 10<sup>−8</sup> m", "3 × 10⁻⁸ m"),
        ("E = mc<sup>2</sup>", "E = mc²"),
        ("x<sup>2</sup> + y<sup>2</sup>", "x² + y²"),
        ("(a + b)<sup>2</sup>", "(a + b)²"),
        ("2<sup>10</sup> bytes and 2<sup>n</sup> more", "2¹⁰ bytes and 2ⁿ more"),
        ("e<sup>−x/2</sup>", "e^(−x/2)"),
        ("a room of 50 m<sup>2</sup>", "a room of 50 m²"),
        ("people per km<sup>2</sup>", "people per km²"),
        ("<sup>14</sup>C dating", "¹⁴C dating"),
        ("the 1<sup>st</sup> and the 21<sup>e</sup>", "the 1st and the 21e"),
        ("M<sup>lle</sup> Lo, n<sup>o</sup> 5", "Mlle Lo, nº 5"),
        ("calm<sup>iv</sup> and rest<sup>ii</sup>, too", "calm and rest, too"),
        ("calm<sup>note 3</sup>, rest", "calm, rest"),
        ("for $99<sup>95</sup> a session", "for $99.95 a session"),
        ("<sup>1</sup>/<sub>2</sub> cup and 2<sup>3</sup>/<sub>4</sub>", "1/2 cup and 2 3/4"),
        ("calm[1], rest.[^2] Always", "calm, rest. Always"),
        ("Calm<sup>TM</sup> and Rest<sup>®</sup>", "Calm™ and Rest®"),
        ("H<sub>2</sub>O and CO<sub>2</sub>", "H2O and CO2"),
    ],
)
def test_a_mark_of_a_note_goes_and_a_power_stays(html: str, text: str) -> None:
    assert clean.text(f"<p>{html}</p>") == text
    if "<a" not in html and "class" not in html:
        assert clean.line(html) == text


# Struck


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("on <del>Tuesday</del> <ins>Wednesday</ins>", "on Wednesday"),
        ("for <s>$120</s> $90", "for $90"),
        ("for <strike>$120</strike> <b>$90</b>", "for $90"),
        ('for <span style="text-decoration: line-through">$120</span> $90', "for $90"),
        ('for <span style="color:red;TEXT-DECORATION-LINE:LINE-THROUGH">$120</span> $90', "for $90"),
        ('for <span class="ql-strikethrough">$120</span> $90', "for $90"),
        ('for <span class="text-strike">$120</span> $90', "for $90"),
        ("for ~~$120~~ $90", "for $90"),
    ],
)
def test_what_is_struck_out_is_not_said(html: str, text: str) -> None:
    assert clean.text(f"<p>{html}</p>") == text


def test_what_is_struck_out_of_a_title_is_not_said() -> None:
    assert clean.line("Group on <s>Tuesday</s> <del>Monday</del> Wednesday") == "Group on Wednesday"


# Words stay whole


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("un<em>happy</em>", "unhappy"),
        ("H<sub>2</sub>O", "H2O"),
        ("re<b>do</b>ing <i>it</i>", "redoing it"),
        ("super<wbr>califragilistic", "supercalifragilistic"),
        ("One<br>two", "One two"),
        ("<p>One</p><p>two</p>", "One two"),
        ("&lt;em&gt;un&lt;/em&gt;happy", "unhappy"),
    ],
)
def test_tags_inside_a_title_part_no_word(html: str, text: str) -> None:
    assert clean.line(html) == text
    assert " ".join(clean.text(html).split()) == text


# Summaries that break off

CUT = "She went out before breakfast and found that the whole street was already awake and"


@pytest.mark.parametrize(
    "ending",
    [
        "[&hellip;]",
        "[&#8230;]",
        "[...]",
        "(…)",
        "…",
        "...",
        '… <a href="https://practice.example/walk">Continue reading <span>A walk</span> →</a>',
        '<a class="more-link" href="https://practice.example/walk">(more&hellip;)</a>',
        '[<a href="https://practice.example/walk">Read more&hellip;</a>]',
        "[Read more…]",
        '<a href="https://practice.example/walk">Weiterlesen »</a>',
        '… <a href="https://practice.example/walk">Lire la suite</a>',
        '[…] <a href="https://practice.example/walk">Leer más »</a>',
        '<a href="https://practice.example/walk">Leggi tutto</a>',
        '<a href="https://practice.example/walk">Lees verder →</a>',
        '<a href="https://practice.example/walk">Leia mais</a>',
        "… Continue reading A walk",
        '… <a href="https://practice.example/walk">Tovább olvasom »</a>',
        "… Διαβάστε περισσότερα",
        # In a language of no table
        '… <a href="https://practice.example/walk">Gehitu irakurri</a>',
        '… <a href="https://practice.example/walk">Continue »</a>',
        '[&hellip;] <a href="https://practice.example/walk">Full article</a>',
        '</p><p><a href="https://practice.example/walk">Voir plus</a>',
        '</p><p><a href="https://practice.example/walk">Gehitu irakurri »</a>',
    ],
)
def test_a_summary_that_breaks_off_ends_in_an_ellipsis(ending: str) -> None:
    entry = summed_up(f"<p>{CUT} {ending}</p>")
    assert entry.excerpt == f"{CUT}…"
    assert entry.words == 0


def test_a_summary_of_fifty_five_words_that_ends_within_a_sentence_shows_it() -> None:
    words = " ".join(f"word{n}" for n in range(55))
    assert summed_up(words).excerpt.endswith("word54…" if len(words) < 320 else "…")
    assert summed_up(words).words == 0


def test_a_summary_keeps_its_whole_sentences_when_enough_is_left() -> None:
    whole = (
        "She went out before breakfast and the whole street was already awake. "
        "It surprised her, she said later."
    )
    assert summed_up(f"{whole} And then she [&hellip;]").excerpt == whole


@pytest.mark.parametrize(
    "text",
    [
        "What a falling leaf taught one therapist about endings",
        "Why would anybody want to read more?",
        "On the days when I have time I like to read more.",
        "Keep reading aloud to your children, long after they can do it.",
        "Read more books this year, and fewer headlines.",
        "The post office first appeared on Main Street in 1890.",
        "« Je suis fatigué »",
        "Reading time: how we lost an hour each evening.",
        "Photo by photo, she built a diary of her recovery.",
        "Teilen mit: den anderen, immer.",
        "The group is for members only.",
        "I stopped… and wept.",
        "Use {{name}} and {%} to greet people.",
        "Good morning! 🍏",
    ],
)
def test_what_the_author_wrote_is_not_cut_for_its_words(text: str) -> None:
    entry = item(f"<title>A walk</title><description>{escape(f'<p>{text}</p>')}</description>")
    assert entry.excerpt == text
    assert entry.words > 0


@pytest.mark.parametrize(
    "footer",
    [
        "The post {post} first appeared on {site}.",
        "The post {post} appeared first on {site}.",
        "Der Beitrag {post} erschien zuerst auf {site}.",
        "L’article {post} est apparu en premier sur {site}.",
        "La entrada {post} se publicó primero en {site}.",
        "El artículo {post} apareció primero en {site}.",
        "Het bericht {post} verscheen eerst op {site}.",
        "L'articolo {post} proviene da {site}.",
        "Il post {post} è apparso per primo su {site}.",
        "O post {post} apareceu primeiro em {site}.",
        "Articolul {post} apare prima dată în {site}.",
        "A {post} bejegyzés először {site}-én jelent meg.",
        "ظهرت المقالة {post} أولاً على {site}.",
        "הפוסט {post} הופיע לראשונה ב-{site}.",
        "Η δημοσίευση {post} εμφανίστηκε πρώτα στο {site}.",
        "Запись {post} впервые появилась {site}.",
        "This post was originally published on {site}.",
    ],
)
@pytest.mark.parametrize("linked", [True, False])
def test_footers_that_say_where_a_post_first_appeared_are_none_of_it(footer: str, linked: bool) -> None:
    post, site = ("<a href='/a'>A walk</a>", "<a href='/'>The Practice</a>") if linked else ("A walk", "Us")
    entry = summed_up(f"<p>Breathe in slowly.</p><p>{footer.format(post=post, site=site)}</p>")
    assert (entry.excerpt, entry.words) == ("Breathe in slowly.", 3)


def test_a_footer_that_begins_with_the_title_is_known_by_its_links() -> None:
    footer = "<p><a href='/a'>散步</a>最先出现在<a href='/'>诊所</a>。</p>"
    assert summed_up(f"<p>慢慢呼吸。</p>{footer}").excerpt == "慢慢呼吸。"


# Shortcodes


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            '[caption id="a_12" align="alignnone" width="300"]<img src="/a.jpg"> At the lake[/caption] Rest.',
            "Rest.",
        ),
        ("[caption id=&#8221;a_12&#8243; width=&#8221;300&#8243;]At the lake[/caption] Rest.", "Rest."),
        ('[et_pb_section fb_built="1"][et_pb_text]Rest.[/et_pb_text][/et_pb_section]', "Rest."),
        ('[vc_row][vc_column width="1/2"]Rest.[/vc_column][/vc_row]', "Rest."),
        ("[dropcap]R[/dropcap]est.", "Rest."),
        ('Rest. [contact-form-7 id="5" title="Ask"]', "Rest."),
        ('[gallery ids="1,2,3"] Rest.', "Rest."),
        ("Rest. [embed]https://video.example/1[/embed]", "Rest."),
        ("Rest. [youtube https://video.example/1]", "Rest."),
        ("He wrote “recieve” [sic] and [they] came [...] in [1998].",) * 2,
        ("A talk [video] about [well-being].",) * 2,
        ("[Editor’s note: she was right.]",) * 2,
        ("Rest.[ref]See Roe, 2001.[/ref] [mfn]And Lo.[/mfn]", "Rest."),
        ("Write [[gallery]] there.", "Write [gallery] there."),
        ('{{&lt; youtube abc &gt;}} Rest. {% include "a.html" %}', "Rest."),
        ("&lt;!-- wp:paragraph --&gt; Rest. &lt;!-- /wp:paragraph --&gt;", "Rest."),
        ('Write <code>[gallery ids="1"]</code> there.', 'Write [gallery ids="1"] there.'),
    ],
)
def test_shortcodes_go_and_what_people_put_in_brackets_stays(html: str, text: str) -> None:
    assert clean.text(f"<p>{html}</p>") == text


def test_a_shortcode_in_a_title_goes() -> None:
    assert clean.line('[dropcap]R[/dropcap]est [su_icon name="x"] well') == "Rest well"


def test_a_code_that_spans_paragraphs_goes_from_each() -> None:
    assert clean.text("<p>[su_note]</p><p>Rest.</p><p>[/su_note]</p>") == "Rest."
    assert clean.text("<p>[note]Breathe.</p><p>Rest.[/note]</p>") == "Breathe.\n\nRest."


@pytest.mark.parametrize(
    ("text", "doubtful"),
    [
        ("[my-slider] Rest.", "[my-slider]"),
        ("Breathe. [recipe]", "[recipe]"),
        ("See [widget https://a.example/x] there.", "[widget https://a.example/x]"),
        ("He wrote “recieve” [sic].", ""),
        ("When [they] came [...] it rained.", ""),
        ("A talk [video]", ""),
    ],
)
def test_what_may_be_a_code_and_may_be_a_word_is_doubtful(text: str, doubtful: str) -> None:
    assert shortcodes.stripped(text) == text
    assert shortcodes.doubtful(text) == doubtful


# What players, networks and paywalls say


@pytest.mark.parametrize(
    "said",
    [
        "<p>Your browser does not support the audio element.</p>",
        "<p>Ihr Browser unterstützt das Audio-Element nicht.</p>",
        "<p>Votre navigateur ne supporte pas l’élément audio.</p>",
        "<audio controls><source src='a.mp3'>Your browser does not support this.</audio>",
        "<p>&mdash; Jane Roe (@janeroe) <a href='https://twitter.com/x'>May 5, 2026</a></p>",
        "<p>A post shared by The Practice (@practice)</p>",
        "<p>Ein Beitrag geteilt von The Practice (@practice)</p>",
        "<p>Sorry, your browser doesn't support embedded videos.</p>",
        "<p>Din webbläsare stöder inte ljudelementet.</p>",
        "<p>To view this video please enable JavaScript, and consider upgrading to a web browser</p>",
        "<p>https://www.youtube.com/watch?v=abc</p>",
        "<p>Teilen mit: Facebook Twitter WhatsApp</p>",
        "<p>Like Loading...</p>",
        "<p>Estimated reading time: 5 minutes</p>",
        "<p>⏱ 3 min read</p>",
        "<p>Photo by Jane Roe on Unsplash</p>",
        "<p>Bild: Jane Roe / Pexels</p>",
        "<p>Download (Duration: 12:30 — 11.4MB)</p>",
        "<p>Click to share on Facebook (Opens in new window) Facebook Click to email a link to a friend "
        "(Opens in new window) Email</p>",
    ],
)
def test_what_players_and_networks_say_is_none_of_the_post(said: str) -> None:
    entry = summed_up(f"<p>Breathe in slowly.</p>{said}")
    assert (entry.excerpt, entry.words) == ("Breathe in slowly.", 3)


def test_a_tweets_words_stay_and_its_signature_goes() -> None:
    html = (
        '<blockquote class="twitter-tweet"><p>Rest is work.</p>&mdash; Jane Roe (@janeroe) '
        '<a href="https://twitter.com/x">May 5, 2026</a></blockquote>'
    )
    assert clean.text(html) == "Rest is work."


@pytest.mark.parametrize(
    "said",
    [
        "Already have an account? <a href='/in'>Sign in</a>",
        "This post is for paid subscribers",
        "Subscribe to continue reading",
        "Keep reading with a 7-day free trial",
        "Please log in to read the rest of this post.",
        "Become a member to read this story, and all of Medium.",
        "Dieser Beitrag ist nur für Abonnenten.",
        "Cet article est réservé aux abonnés.",
    ],
)
def test_a_paywall_is_none_of_the_post_and_says_that_the_text_breaks_off(said: str) -> None:
    entry = item(
        "<title>A walk</title><content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>"
        f"{escape(f'<p>Breathe in slowly.</p><p>{said}</p>')}</content:encoded>"
    )
    assert (entry.excerpt, entry.words) == ("Breathe in slowly.", 0)


# Verse


def test_the_first_stanza_of_a_poem_is_no_byline() -> None:
    stanza = "Hope is the thing with feathers<br>That perches in the soul"
    entry = summed_up(
        f"<p>{stanza}</p><p>And sings the tune without the words,<br>And never stops at all.</p>"
    )
    assert entry.excerpt.startswith("Hope is the thing with feathers That perches in the soul")


def test_a_poem_of_one_line_a_paragraph_begins_at_its_beginning() -> None:
    lines = "Two roads diverged in a wood,|And sorry I could not travel both|And be one traveler, I stood."
    entry = summed_up("".join(f"<p>{line}</p>" for line in lines.split("|")))
    assert entry.excerpt.startswith("Two roads diverged in a wood")


@pytest.mark.parametrize(
    "byline",
    ["By Jane Roe", "von Jane Roe", "May 5, 2026", "5 min read", "Jane Roe, LMFT", "Dear all,", "Jane Roe"],
)
def test_who_wrote_when_is_no_part_of_an_excerpt(byline: str) -> None:
    entry = summed_up(f"<p>{byline}</p><p>Ten minutes outside change a whole morning, she says.</p>")
    assert entry.excerpt == "Ten minutes outside change a whole morning, she says."


# Formulas

KATEX = (
    '<span class="katex"><span class="katex-mathml"><math><semantics><mrow>{shown}</mrow>'
    '<annotation encoding="application/x-tex">{tex}</annotation></semantics></math></span>'
    '<span class="katex-html" aria-hidden="true">{tex}</span></span>'
)
BELOW = "<msub><mi>x</mi>%s</msub>"
SQUARE = "<mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup>"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("energy is " + KATEX.format(shown=SQUARE, tex="E=mc^2") + ", and", "energy is E = mc², and"),
        (KATEX.format(shown="", tex="E=mc^2"), "E=mc^2"),
        (
            "<math><msub><mi>x</mi><mn>1</mn></msub><mo>+</mo><msub><mi>x</mi><mi>i</mi></msub></math>",
            "x₁ + x_i",
        ),
        ("<math><mfrac><mn>1</mn><mrow><mi>a</mi><mo>-</mo><mi>b</mi></mrow></mfrac></math>", "1/(a − b)"),
        ("<math><msqrt><mn>2</mn></msqrt><mo>≈</mo><mn>1.4</mn></math>", "√2 ≈ 1.4"),
        ('It is <script type="math/tex">E=mc^2</script>.', "It is E=mc^2."),
        (
            'It is <span class="MathJax_Preview">E</span><script type="math/tex">E=mc^2</script>.',
            "It is E=mc^2.",
        ),
        ('It is <img class="mwe-math-fallback-image-inline" alt="E=m" src="/x.svg">.', "It is E=m."),
        ('It is <img alt="E=m" src="https://latex.codecogs.com/svg.image?E=m">.', "It is E=m."),
        ("It is $latex E=mc^2$ here.", "It is E=mc^2 here."),
        ("It is <span class='math inline'>\\(E=m\\)</span> here.", "It is E=m here."),
        (
            'It is <img class="latex" alt="E=mc^2" src="https://s0.wp.com/latex.php?latex=E">.',
            "It is E=mc^2.",
        ),
    ],
)
def test_formulas_are_read_as_a_line_of_text(html: str, text: str) -> None:
    assert clean.text(f"<p>{html}</p>") == text


# Reading time


def test_an_episode_of_a_podcast_has_no_reading_time() -> None:
    notes = "<description>Show notes in whole sentences.</description>"
    assert (
        item(f"<title>1</title>{notes}<enclosure url='https://a.example/1.mp3' type='audio/mpeg'/>").words
        == 0
    )
    assert item(f"<title>1</title>{notes}<enclosure url='https://a.example/1.mp3'/>").words == 0
    assert (
        item(f"<title>1</title>{notes}<enclosure url='https://a.example/1.jpg' type='image/jpeg'/>").words
        == 5
    )
