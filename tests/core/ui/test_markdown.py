from html.parser import HTMLParser

import pytest

from core.ui import markdown

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![tracker](https://evil.example/p.png)",
    "![x](javascript:alert(1))",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    "[x](\tjavascript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "<a href='javascript:alert(1)'>x</a>",
    "<div hx-get='/admin/' hx-trigger='load'>x</div>",
    "<div data-hx-on:click='alert(1)'>x</div>",
    "<p style='position:fixed;inset:0'>x</p>",
    "<iframe src='https://evil.example'></iframe>",
    "<svg onload=alert(1)><use href='data:image/svg+xml,x'/></svg>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<form action='https://evil.example'><input name=password></form>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href='https://evil.example/'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<!-- <img src=--><img src=x onerror=alert(1)//>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "`<script>alert(1)</script>`",
    "```\n</code></pre><script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    '[x](https://example.com "onmouseover=alert(1)")',
    '[x](https://example.com "\\" onmouseover=alert(1) x=\\"")',
    "[x]: javascript:alert(1)\n[x]",
    '<https://example.com/"onmouseover=alert(1)>',
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "\u202e<script>alert(1)</script>",
    "<scr\u200bipt>alert(1)</script>",
    "\x1b]8;;javascript:alert(1)\x07x\x1b]8;;\x07",
    "<button data-open=keys data-key=d>x</button>",
    "<details open ontoggle=alert(1)>",
    "<template shadowrootmode=open><script>alert(1)</script></template>",
    "<count-down until=2026-01-01T00:00:00Z>x</count-down>",
]
ATTRIBUTES = {"a": {"href", "title", "rel"}}


class Tags(HTMLParser):
    """What a browser would make elements of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_becomes_harmless_markup(text: str) -> None:
    for tag, attributes in Tags(markdown.to_html(text)).found:
        assert tag in markdown.TAGS
        assert set(attributes) <= ATTRIBUTES.get(tag, set())
        href = attributes.get("href") or "https://"
        assert href.startswith(("https://", "http://", "mailto:"))


def test_plain_markdown_reads_as_it_was_meant() -> None:
    html = markdown.to_html(
        "Errors at **31%** since `v2.3.4`.\n\n- cards\n- wallet\n\n[Graph](https://g.example/1)"
    )
    assert html == (
        "<p>Errors at <strong>31%</strong> since <code>v2.3.4</code>.</p>\n"
        "<ul>\n<li>cards</li>\n<li>wallet</li>\n</ul>\n"
        '<p><a href="https://g.example/1" rel="noopener noreferrer nofollow">Graph</a></p>\n'
    )


def test_headings_stay_below_those_of_the_page_and_code_is_left_alone() -> None:
    html = markdown.to_html("# Impact\n\n```\n# a comment\n```")
    assert html == "<h3>Impact</h3>\n<pre><code># a comment\n</code></pre>\n"


def test_tables_are_tables() -> None:
    html = markdown.to_html("| a | b |\n|---|---|\n| 1 | 2 |")
    assert [tag for tag, _ in Tags(html).found] == [
        *("table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"),
    ]
