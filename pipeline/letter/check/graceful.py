"""Features that main clients lack without harm to the letter: they are no finding, and here is why.

The keys are caniemail's names of features. What stands neither here nor in ADVICE is a finding as well: when
a client begins to lack something, staff should learn of it.
"""

from __future__ import annotations

_REASONS: dict[str, str] = {
    "Decoration: corners are square, shadows and movement are missing, and the words stay as they are.": """
        css-accent-color css-animation css-at-keyframes css-backdrop-filter css-background-blend-mode
        css-background-clip css-background-origin css-background-position css-background-repeat
        css-background-size css-border-image css-border-radius css-border-radius-logical css-box-shadow
        css-clip-path css-cursor css-filter css-list-style-image css-list-style-position css-mask-image
        css-mix-blend-mode css-opacity css-outline css-outline-offset css-resize css-scroll-snap
        css-shape-margin css-shape-outside css-text-shadow css-transform css-transition css-user-select
        css-z-index""",
    "Fine type: without it lines break or letters stand a little otherwise.": """
        css-caption-side css-empty-cells css-font-kerning css-font-size-adjust css-font-stretch
        css-hyphenate-character css-hyphenate-limit-chars css-hyphens css-orphans css-overflow-wrap
        css-sytem-ui css-tab-size css-text-align-last css-text-decoration-color css-text-decoration-line
        css-text-decoration-skip-ink css-text-decoration-style css-text-decoration-thickness css-text-emphasis
        css-text-emphasis-position css-text-justify css-text-overflow css-text-underline-offset
        css-text-underline-position css-text-wrap css-white-space css-white-space-collapse css-widows
        css-word-break css-word-spacing css-word-wrap""",
    "Sizes that MJML also writes as width, cellspacing and an Outlook table around the column.": """
        css-block-inline-size css-border-spacing css-box-sizing css-height css-inline-size css-intrinsic-size
        css-max-block-size css-max-height css-max-inline-size css-min-block-size css-min-height
        css-min-inline-size css-min-width css-overflow css-table-layout css-unit-initial""",
    "Falls back to one thing below the other, which is how a letter reads anyway.": """
        css-clear css-column-count css-column-layout-properties css-float""",
    "Told once, by display or position, without which it does nothing.": """
        css-align-items css-flex-direction css-flex-wrap css-gap css-grid-template css-inset
        css-justify-content css-left-right-top-bottom""",
    "Conditions and selectors only add to what stands inline.": """
        css-at-media css-at-media-device-pixel-ratio css-at-media-hover css-at-media-orientation
        css-at-media-prefers-color-scheme css-at-media-prefers-reduced-motion css-at-supports css-color-scheme
        css-function-light-dark css-pseudo-class-active css-pseudo-class-checked css-pseudo-class-default
        css-pseudo-class-first-child css-pseudo-class-first-of-type css-pseudo-class-focus
        css-pseudo-class-focus-visible css-pseudo-class-focus-within css-pseudo-class-has
        css-pseudo-class-hover css-pseudo-class-lang css-pseudo-class-last-child
        css-pseudo-class-last-of-type css-pseudo-class-link css-pseudo-class-not css-pseudo-class-nth-child
        css-pseudo-class-nth-last-child css-pseudo-class-nth-last-of-type css-pseudo-class-nth-of-type
        css-pseudo-class-only-child css-pseudo-class-only-of-type css-pseudo-class-target
        css-pseudo-class-visited css-pseudo-element-first-letter css-pseudo-element-first-line
        css-pseudo-element-marker css-pseudo-element-placeholder css-selector-adjacent-sibling
        css-selector-attribute css-selector-chaining css-selector-child css-selector-general-sibling
        css-selector-universal""",
    "The tag is dropped and what it holds stays.": """
        html-abbr html-acronym html-bdi html-body html-doctype html-meta-color-scheme html-picture html-rp
        html-rt html-ruby html-semantics html-wbr""",
    "An attribute that helps where it is known; without it the element is what it was.": """
        css-inert-attribute html-aria-describedby html-aria-hidden html-aria-label html-aria-labelledby
        html-aria-live html-loading-attribute html-required html-srcset html-target""",
    "Has a rule of its own: background, image-format, script, client-form.": """
        css-background-image css-conic-gradient css-linear-gradient css-radial-gradient html-object
        html-button-reset html-button-submit html-input-checkbox html-input-hidden html-input-radio
        html-input-reset html-input-submit html-input-text html-select html-textarea image-apng image-avif
        image-base64 image-hdr image-heif image-ico image-mp4 image-svg image-tiff image-webp""",
    "No part of a letter's HTML.": "amp bimi",
}

GRACEFUL: dict[str, str] = {
    feature: reason for reason, features in _REASONS.items() for feature in features.split()
}

ADVICE: dict[str, tuple[str, str]] = {
    "css-position": ("It lies over the letter, or stands somewhere else.", "Let it stand in the flow."),
    "css-display-flex": ("The columns fall apart.", "Use <mj-section> and <mj-column>, which make tables."),
    "css-display-grid": ("The columns fall apart.", "Use <mj-section> and <mj-column>, which make tables."),
    "css-variables": ("The whole declaration is dropped.", "Write the value itself, with Jinja if need be."),
    "css-nesting": ("The rule, and often all after it, is dropped.", "Write each rule out."),
    "css-at-font-face": (
        "Readers see the next font of the stack, and where it is loaded a third party learns who reads.",
        "Use the fonts that readers have.",
    ),
    "css-at-import": ("The sheet is not loaded.", "Put the styles inline, or into <mj-style>."),
    "html-link": ("The sheet is not loaded.", "Put the styles inline, or into <mj-style>."),
    "css-visibility": ("What was to be hidden is seen.", "Leave it out of the letter."),
    "html-hidden": ("What was to be hidden is seen.", "Leave it out of the letter."),
    "css-pseudo-element-before": ("What it adds is missing.", "Write it into the letter."),
    "css-pseudo-element-after": ("What it adds is missing.", "Write it into the letter."),
    "css-rgba": ("The colour is dropped, and with it the contrast.", "Write the mixed colour as #rrggbb."),
    "css-modern-color": ("The colour is dropped.", "Write it as #rrggbb."),
    "css-object-fit": ("The picture is stretched.", "Cut the picture to its shape."),
    "css-unit-rem": ("The size is dropped.", "Write it in px."),
    "html-form": ("It cannot be filled in.", "Link to a page with the form."),
    "html-video": ("Nothing is seen.", "Show a still that links to the film."),
    "html-audio": ("Nothing is heard.", "Link to the recording."),
    "html-svg": ("Nothing is seen.", "Use a PNG."),
    "html-anchor-links": ("The link does nothing.", "Link to the page, or leave it out."),
    "html-image-maps": ("The links in the picture do nothing.", "Put links below the picture."),
}
"""What readers see where a feature is lacking, and what to write instead."""

OTHERWISE = ("It is dropped there.", "Do without it, or put it into an @media rule as an addition.")
